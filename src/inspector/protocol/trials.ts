/** Events that are tried: what one would lead to where an actor of a recording stood. */

import type { Trial, TrialResult } from '../../replay/trial.js';

/** At most 8 MB. State and context are those of a line of the recording. */
export type TrialRequest = Trial;

export type TrialReply = TrialResult;

export type { TrialEffect } from '../../replay/trial.js';
