/**
 * Texts of one character a byte, in which the simulated server keeps everything: the cheapest form in JavaScript that holds any bytes.
 */

// biome-ignore lint/suspicious/noControlCharactersInRegex: everything beyond ASCII
const BEYOND_ASCII = /[^\x00-\x7f]/;

/** A text as its UTF-8 bytes, a Buffer as its bytes. */
export function toBinary(value: string | Buffer): string {
  if (typeof value !== 'string') return value.toString('latin1');
  return BEYOND_ASCII.test(value) ? Buffer.from(value, 'utf8').toString('latin1') : value;
}

/** The text whose UTF-8 bytes these are. */
export function toText(binary: string): string {
  return BEYOND_ASCII.test(binary) ? Buffer.from(binary, 'latin1').toString('utf8') : binary;
}

export function toBuffer(binary: string): Buffer {
  return Buffer.from(binary, 'latin1');
}
