/**
 * How many bytes things take in a listpack. `XADD … MAXLEN ~` removes whole nodes of a stream, and a node is full at 4096 bytes or 100
 * entries: without counting its bytes a simulation would trim at other moments than Redis.
 */

/** What a listpack without elements takes: its header and its end. */
export const EMPTY_LISTPACK = 7;

function backLengthOf(size: number): number {
  if (size <= 127) return 1;
  if (size < 16383) return 2;
  if (size < 2097151) return 3;
  return size < 268435455 ? 4 : 5;
}

/** Bytes of an integer element, its length field for walking backwards included. */
export function integerSize(value: number | bigint): number {
  let size: number;
  if (value >= 0 && value <= 127) size = 1;
  else if (value >= -4096 && value <= 4095) size = 2;
  else if (value >= -32768 && value <= 32767) size = 3;
  else if (value >= -8388608 && value <= 8388607) size = 4;
  else if (value >= -2147483648 && value <= 2147483647) size = 5;
  else size = 9;
  return size + backLengthOf(size);
}

const MOST_INT64 = 9223372036854775807n;
const LEAST_INT64 = -9223372036854775808n;

/** Bytes of a text element; one that reads as an integer is stored as an integer. */
export function textSize(text: string): number {
  const { length } = text;
  if (length > 0 && length < 21 && /^(?:0|-?[1-9]\d*)$/.test(text)) {
    if (length < 16) return integerSize(Number(text));
    const value = BigInt(text);
    if (value >= LEAST_INT64 && value <= MOST_INT64) return integerSize(value);
  }
  const size = length + (length < 64 ? 1 : length < 4096 ? 2 : 5);
  return size + backLengthOf(size);
}
