/** A sequence as Mermaid draws it. */
import { fullWordsOfLane } from './lanes.js';
import { isArrow, isQuiet, type Sequence } from './sequence.js';
import { wordsOfQuiet } from './sequence-words.js';

/** What Mermaid reads as its own is taken out of a text. */
export function plain(text: string): string {
  return text
    .replace(/[;#:<>{}\n]/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

export function mermaidOf({ lanes, rows }: Sequence): string {
  const names = new Map(lanes.map((lane, index) => [lane, `a${index}`]));
  const first = names.get(lanes[0] ?? '') ?? '';
  const lines = ['sequenceDiagram'];
  for (const [lane, name] of names) lines.push(`  participant ${name} as ${plain(fullWordsOfLane(lane))}`);
  const note = (text: string) => {
    if (first !== '') lines.push(`  Note over ${first}: ${plain(text)}`);
  };
  for (const row of rows) {
    if (isQuiet(row)) {
      note(wordsOfQuiet(row));
      continue;
    }
    if (!isArrow(row)) {
      note(`${row.skipped} messages are missing here`);
      continue;
    }
    const { from, to, words, message } = row;
    const label = message.label === null ? '' : ` (${message.label})`;
    lines.push(`  ${names.get(from)}->>${names.get(to)}: ${plain(words + label)}`);
    const { before, after } = message;
    if (after !== null && after !== before) lines.push(`  Note over ${names.get(to)}: ${plain(after)}`);
  }
  return `${lines.join('\n')}\n`;
}
