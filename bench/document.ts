/** The document that the figures are written to. What people have written below them is kept. */
import { readFile, writeFile } from 'node:fs/promises';
import { markdown, type Row } from './measure.js';

/** Begins the part that is written by hand. */
const BY_HAND = '## Reading the figures';

async function writtenByHand(file: string): Promise<string> {
  try {
    const text = await readFile(file, 'utf8');
    const at = text.indexOf(`\n${BY_HAND}\n`);
    return at < 0 ? '' : text.slice(at);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

export async function writeDocument(
  file: string,
  configuration: string,
  rows: readonly Row[],
): Promise<void> {
  const text = `# Benchmarks

Written by \`npm run bench\`, down to the heading "${BY_HAND.slice(3)}". Medians of the rounds; what the figures mean stands at the head of
each file in \`bench/scenarios/\`. _Ratio_ is bare ioredis ÷ streamwarden: 1 is as good as bare ioredis, 0.5 costs twice as much.
Machines differ and are noisy, so compare ratios, and runs of one machine. What is measured is the built library, \`dist/\`.

${configuration}

${markdown(rows)}
`;
  await writeFile(file, text + (await writtenByHand(file)));
}
