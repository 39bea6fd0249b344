/** The page's files as vite has written them into a folder. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';

/** By the address at which each is served, such as `/index.html`. Empty when there is no such folder. All of them are text. */
export function readPage(folder: string): Map<string, string> {
  return new Map(
    entriesOf(folder)
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => [
        `/${file.slice(join(folder, sep).length).split(sep).join('/')}`,
        readFileSync(file, 'utf8'),
      ]),
  );
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true });
  } catch {
    return [];
  }
}
