/** How deep objects and arrays may stand in one another in a payload, the outermost one counted. */
export const MOST_NESTED = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function openings(text: string, opening: string, most: number): number {
  let count = 0;
  for (let at = text.indexOf(opening); at !== -1 && count <= most; at = text.indexOf(opening, at + 1))
    count += 1;
  return count;
}

/**
 * Whether objects and arrays stand deeper in one another than is allowed. Looked at before JSON is parsed: walking what has been parsed, as
 * whoever prints or compares it does, overflows the stack somewhere past a thousand. What is no JSON may be called either.
 */
export function isNestedTooDeep(json: string): boolean {
  // Most payloads do not even have so many of them.
  const objects = openings(json, '{', MOST_NESTED);
  if (objects + openings(json, '[', MOST_NESTED) <= MOST_NESTED) return false;
  let depth = 0;
  for (let at = 0; at < json.length; at += 1) {
    switch (json.charCodeAt(at)) {
      case QUOTE:
        at = endOfText(json, at + 1);
        break;
      case 0x5b: // [
      case 0x7b: // {
        depth += 1;
        if (depth > MOST_NESTED) return true;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth -= 1;
        break;
      default:
    }
  }
  return false;
}

/** Where the quote stands that ends a text which begins here; the end of it all where none does. */
export function endOfText(json: string, from: number): number {
  for (let at = from; at < json.length; at += 1) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) at += 1;
  }
  return json.length;
}
