/** What the application saves of a stream, as JSON, and back. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { messageOf, StreamwardenError, textOf } from '../core/errors.js';
import { isNestedTooDeep, MOST_NESTED } from '../redis/json-depth.js';
import { describeIssues, isThenable } from './info-check.js';

/** Of the JSON, as UTF-8. */
export const MOST_CHECKPOINT_BYTES = 4_096;

export interface CheckpointCodec {
  /** @throws StreamwardenError `InvalidOption` */
  encode(value: unknown): string;
  /**
   * @param stream its name, for the message
   * @throws StreamwardenError `InvalidCheckpoint`
   */
  decode(json: string, stream: string, id: string): unknown;
}

type Checked =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly expected: string; readonly problem: string };

const TEXT = 'a text';
const OF_SCHEMA = 'what checkpointSchema takes';

/** @param schema undefined: a checkpoint is a text */
export function createCheckpointCodec(schema: StandardSchemaV1 | undefined): CheckpointCodec {
  const check = schema === undefined ? checkText : (value: unknown) => checkWith(schema, value);
  return {
    encode(value) {
      const json = jsonOf(value);
      // As it will be read: what could not be read again is not saved.
      const checked = check(JSON.parse(json));
      if (!checked.ok) throw refusal(checked.expected, `it ${checked.problem}`);
      return json;
    },
    decode(json, stream, id) {
      const checked = check(JSON.parse(json));
      if (checked.ok) return checked.value;
      throw new StreamwardenError('InvalidCheckpoint', `the checkpoint of ${stream} ${checked.problem}`, {
        details: { stream, id },
      });
    },
  };
}

function checkText(value: unknown): Checked {
  return typeof value === 'string'
    ? { ok: true, value }
    : refused(TEXT, `is no text, and there is no checkpointSchema`);
}

function checkWith(schema: StandardSchemaV1, value: unknown): Checked {
  // What it answers with is the application's as well, and may throw when it is looked at.
  try {
    const result = schema['~standard'].validate(value);
    if (isThenable(result)) {
      // Nobody waits for it.
      Promise.resolve(result).catch(() => {});
      return refused(OF_SCHEMA, 'cannot be checked: checkpointSchema answers with a promise');
    }
    return result.issues
      ? refused(OF_SCHEMA, describeIssues(result.issues))
      : { ok: true, value: result.value };
  } catch (error) {
    return refused(OF_SCHEMA, `cannot be checked: ${messageOf(error)}`);
  }
}

function refused(expected: string, problem: string): Checked {
  return { ok: false, expected, problem };
}

function jsonOf(value: unknown): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch (error) {
    throw refusal('what JSON can carry', messageOf(error), error);
  }
  if (json === undefined) throw refusal('what JSON can carry', `it is ${textOf(value)}`);
  const bytes = Buffer.byteLength(json);
  if (bytes > MOST_CHECKPOINT_BYTES) {
    throw refusal(`at most ${MOST_CHECKPOINT_BYTES} bytes of JSON`, `it has ${bytes}`);
  }
  if (isNestedTooDeep(json)) throw refusal(`nested at most ${MOST_NESTED} deep`, 'it is deeper');
  return json;
}

/** Without the value: it is what the application processes. */
function refusal(expected: string, problem: string, cause?: unknown): StreamwardenError {
  return new StreamwardenError('InvalidOption', `expected checkpoint to be ${expected}, but ${problem}`, {
    ...(cause !== undefined && { cause }),
    details: { option: 'checkpoint', expected },
  });
}
