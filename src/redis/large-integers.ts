/** Integers in JSON that a JavaScript number cannot hold: 64-bit ids above all, which JSON.parse turns into the nearest number. */

/** What becomes of them: the nearest number, or a text of their digits. */
export type LargeIntegers = 'round' | 'text';

/** A text, which is left as it is, or a number. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
/** None has fewer digits. */
const PERHAPS = /\d{16}/;

/** The same JSON with each integer that a number cannot hold as a text of its digits. */
export function withLargeIntegersAsText(json: string): string {
  if (!PERHAPS.test(json)) return json;
  return json.replace(TOKEN, (token) => {
    const isInteger = token.length >= 16 && /^-?\d+$/.test(token);
    return isInteger && !Number.isSafeInteger(Number(token)) ? `"${token}"` : token;
  });
}
