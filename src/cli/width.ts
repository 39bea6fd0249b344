/** How much room text takes on a terminal: one column a letter, two for what is as wide as it is high (CJK, emoji), none for what is put on top. */
import stringWidth from 'string-width';

/** Of text in which nothing is left that a terminal obeys: see `printable`. */
export function widthOf(text: string): number {
  return stringWidth(text, { countAnsiEscapeCodes: true });
}

/** With spaces behind it, as wide as that at least. */
export function padTo(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

const graphemes = new Intl.Segmenter();

/** As much of a line as fits. */
export function cutTo(line: string, width: number): string {
  // Nothing is wider than two columns a code unit.
  if (line.length * 2 <= width || widthOf(line) <= width) return line;
  let cut = '';
  let used = 0;
  for (const { segment } of graphemes.segment(line)) {
    used += widthOf(segment);
    if (used > width) break;
    cut += segment;
  }
  return cut;
}
