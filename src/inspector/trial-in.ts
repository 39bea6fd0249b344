/** The text of a request to try an event → what would come of it. */
import * as z from 'zod';
import { isDeeper, MAX_DEPTH } from '../replay/depth.js';
import { recordedEvent, stateValue } from '../replay/format.js';
import type { Json } from '../replay/json-safe.js';
import { type TrialResult, tryEvent } from '../replay/trial.js';

const request = z.strictObject({
  machine: z.string().min(1).max(1_024),
  state: stateValue,
  context: z.custom<Json>((value) => value !== undefined, 'expected what the actor remembers'),
  event: recordedEvent,
});

/** What was sent is no such request. */
export class MalformedTrial extends Error {
  override readonly name = 'MalformedTrial';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new MalformedTrial('expected a body of JSON, got: something else');
  }
}

/** @throws MalformedTrial, StreamwardenError `InvalidState` */
export function trialIn(text: string): TrialResult {
  const value = parsed(text);
  if (isDeeper(value, MAX_DEPTH)) {
    throw new MalformedTrial(`expected a body nested at most ${MAX_DEPTH} deep, got: deeper`);
  }
  const { data, error } = request.safeParse(value);
  if (error === undefined) return tryEvent(data);
  const [issue] = error.issues;
  throw new MalformedTrial(`${issue?.path.join('.') || 'the request'}: ${issue?.message}`);
}
