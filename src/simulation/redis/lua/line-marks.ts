/** Which line of the script a part of the generated text stands for. */

/** A mark in the generated text: what follows stands on this line of the script. */
export function at(line: number): string {
  return `\u0001${line}\u0002`;
}

/** Replaces the marks by line breaks; `lines` holds the script's line for each line of the text. */
export function laidOut(marked: string): { text: string; lines: number[] } {
  const lines = [0];
  let text = '';
  let from = 0;
  for (;;) {
    const mark = marked.indexOf('\u0001', from);
    if (mark === -1) return { text: text + marked.slice(from), lines };
    const end = marked.indexOf('\u0002', mark);
    const line = Number(marked.slice(mark + 1, end));
    text += marked.slice(from, mark);
    if (lines[lines.length - 1] !== line) {
      text += '\n';
      lines.push(line);
    }
    from = end + 1;
  }
}
