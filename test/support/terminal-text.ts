/** Text that tries to steer a terminal, and a look for what would. */
import fc from 'fast-check';

/** The first character that a terminal obeys, as a number in hexadecimal digits; undefined when there is none but line ends. */
export function controlIn(text: string): string | undefined {
  const found = /(?!\n)[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u.exec(text)?.[0];
  return found?.codePointAt(0)?.toString(16);
}

/** Without what the command line itself draws with on a terminal: its screens, the place of the cursor, what is erased. */
export function withoutDrawing(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  return text.replaceAll(/\x1b\[(?:\?\d+[hl]|\d*[AGHJK])|\r/g, '');
}

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => String.fromCharCode(from + at));

/** Every control character: C0, DEL, C1, separators, controls of writing direction. */
export const ALL_CONTROLS = [
  ...range(0x00, 0x1f),
  ...range(0x7f, 0x9f),
  '\u061c',
  ...range(0x200e, 0x200f),
  ...range(0x2028, 0x202e),
  ...range(0x2066, 0x2069),
].join('');

const control = fc.constantFrom(...ALL_CONTROLS);
const sequence = fc.constantFrom(
  '\x1b[2J',
  '\x1b]0;title\x07',
  '\x9b31m',
  '\x1b]8;;http://x\x1b\\',
  '\r\n',
  '\x1bP',
);

/** Any character. fast-check's own unit 'binary' makes a table of all of them, of a million entries. */
const character = fc
  .nat(0x10ffff - 0x800)
  .map((number) => String.fromCodePoint(number < 0xd800 ? number : number + 0x800));

export const hostileText = fc
  .array(fc.oneof(control, sequence, fc.string({ unit: character })), { maxLength: 8 })
  .map((parts) => parts.join(''));
