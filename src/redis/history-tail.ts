/** The latest of a history of owners, as far as people look at it. What proves something reads all of it: `readHistory` of `streamwarden/testing`. */
import * as z from 'zod';
import type { Commands } from './commands.js';

/** One change: who had it, who has it. */
const changeSchema = z
  .object({
    at: z.number(),
    op: z.string(),
    id: z.string(),
    name: z.string(),
    owner: z.string(),
    from: z.string(),
    by: z.string(),
    copy: z.string(),
    why: z.string(),
    reason: z.string(),
  })
  .partial()
  .required({ at: true, op: true, id: true, name: true });

export type OwnerChange = Readonly<z.infer<typeof changeSchema>>;

/** Records that one look goes through at most. */
const MOST_READ = 10_000;
const PAGE = 1_000;

function changeOf(text: string): OwnerChange | undefined {
  try {
    return changeSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** The latest changes of one data stream, newest first, among the latest of all. @param most so many of them */
export async function latestChanges(
  commands: Commands,
  key: string,
  name: string,
  most: number,
): Promise<OwnerChange[]> {
  const found: OwnerChange[] = [];
  for (let read = 0; read < MOST_READ && found.length < most; read += PAGE) {
    const [from, to] = [-read - PAGE, -read - 1];
    const page = await commands.run('LRANGE', (client) => client.lrange(key, from, to));
    for (const text of page.toReversed()) {
      const change = changeOf(text);
      if (change?.name === name && found.length < most) found.push(change);
    }
    if (page.length < PAGE) break;
  }
  return found;
}
