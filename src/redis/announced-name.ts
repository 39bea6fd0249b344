/**
 * The name that a payload announces, found without parsing the payload: nothing is built but the name, so that it costs time in proportion to the text
 * and no memory. For what consumers may have died of while they parsed it.
 */
import { isName, isNameTooLong, PAYLOAD_FIELD } from './entry.js';
import { endOfText } from './json-depth.js';
import { fieldOf } from './own-fields.js';

/** Characters of a member that means the name: as it is, and with each letter written as an escape. */
const LEAST_MEMBER = 14;
const MOST_MEMBER = 6 * LEAST_MEMBER;

const SPACE = /\s*/y;

/** Where the next character stands that is no space. */
function skipSpace(json: string, from: number): number {
  SPACE.lastIndex = from;
  SPACE.test(json);
  return SPACE.lastIndex;
}

/** A text of JSON, its quotes included. Undefined: it is none, or the wrong JSON. */
function textOf(token: string): string | undefined {
  try {
    return JSON.parse(token) as string;
  } catch {
    return undefined;
  }
}

function nameIn(json: string): string {
  let name = '';
  let depth = 0;
  for (let at = 0; at < json.length; at += 1) {
    switch (json[at]) {
      case '{':
      case '[':
        depth += 1;
        break;
      case '}':
      case ']':
        depth -= 1;
        break;
      case '"': {
        const end = endOfText(json, at + 1);
        const begin = at;
        at = end;
        // Only members of the outermost object matter: a text with a colon behind it.
        const length = end - begin - 1;
        if (depth !== 1 || length < LEAST_MEMBER || length > MOST_MEMBER) break;
        const colon = skipSpace(json, end + 1);
        if (json[colon] !== ':') break;
        const value = skipSpace(json, colon + 1);
        const member = textOf(json.slice(begin, end + 1));
        if (json[value] !== '"' || member === undefined || !isName(member)) break;
        at = endOfText(json, value + 1);
        // As in the Go client the last one counts.
        name = textOf(json.slice(value, at + 1)) ?? name;
        break;
      }
      default:
    }
  }
  return name;
}

/** Of the entry with these fields; '': it has none that parsing it would find. What is no JSON may have one all the same. */
export function announcedName(fields: readonly string[]): string {
  const payload = fieldOf(fields, PAYLOAD_FIELD);
  const name = payload === undefined ? '' : nameIn(payload);
  return isNameTooLong(name) ? '' : name;
}
