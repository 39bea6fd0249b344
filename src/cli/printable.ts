/**
 * Text of others, made safe to print. A terminal obeys control characters (C0, DEL and C1) instead of showing them, and shows text that follows
 * a control of writing direction in another order than it stands in. All of them are written out, as `\u` and four digits: so JSON with them
 * stays the same JSON.
 */
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;
const CONTROL_BUT_LINE_END = /(?!\n)[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

function writtenOut(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** As one line: for names and whatever else of others stands in a line of ours, which a line end would break in two. */
export function printable(text: string): string {
  return text.replace(CONTROL, writtenOut);
}

/** As lines of ours. Everything that is printed passes through this. */
export function printableLines(text: string): string {
  return text.replace(CONTROL_BUT_LINE_END, writtenOut);
}
