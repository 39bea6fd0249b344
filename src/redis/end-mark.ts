/** The entry that ends a data stream. */

/** What ends a stream: an entry whose first field has this name. */
export const END_FIELD = '_end';

export function isEndMark([name]: readonly (string | Buffer)[]): boolean {
  return name !== undefined && String(name) === END_FIELD;
}
