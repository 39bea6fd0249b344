/** Holds recordings against the present machines, for the page, and tries events in them. Nothing of them is kept. */
import type { IncomingMessage } from 'node:http';
import { bodyOf, expectType, type WrittenJson } from './http.js';
import { Refusal } from './refusal.js';
import { ReplayThread, type ThreadLimits } from './replay-thread.js';

export const MAX_REPLAY_BYTES = 128 * 1024 * 1024;

/** An actor remembers much less: the locks of ten thousand streams are a tenth of it. */
export const MAX_TRIAL_BYTES = 8 * 1024 * 1024;

const REPLAY_LIMITS: ThreadLimits = {
  of: 'a recording that is replayed',
  ms: 60_000,
  megabytes: 512,
  hint: '; streamwarden replay has no such limits',
};

const TRIAL_LIMITS: ThreadLimits = { of: 'an event that is tried', ms: 10_000, megabytes: 256, hint: '' };

/** Events that may wait for their turn to be tried, or be tried. */
const MOST_TRIALS_WAITING = 8;

export class Replays {
  readonly #limits: ThreadLimits;
  readonly #trialLimits: ThreadLimits;
  #isReplaying = false;
  #trialsWaiting = 0;
  #latestTrial: Promise<void> = Promise.resolve();

  constructor(limits: Partial<ThreadLimits> = {}) {
    this.#limits = { ...REPLAY_LIMITS, ...limits };
    this.#trialLimits = { ...TRIAL_LIMITS, ...limits };
  }

  /**
   * The report (ReplayReport) on the recording in a request's body, read as it comes.
   * @throws Refusal `Busy`, `TooLarge`, `TooCostly`; StreamwardenError `RecordingMalformed`, `RecordingUnsupported`
   */
  async ofBody(request: IncomingMessage): Promise<WrittenJson> {
    expectType(request, 'application/x-ndjson');
    if (this.#isReplaying) throw new Refusal(429, 'Busy', 'another recording is being replayed');
    this.#isReplaying = true;
    try {
      await using thread = await ReplayThread.start({ kind: 'recording' }, this.#limits);
      for await (const chunk of bodyOf(request, MAX_REPLAY_BYTES)) {
        const answer = await thread.give(chunk);
        if (answer !== undefined) return answer;
      }
      return (await thread.give(null)) as WrittenJson;
    } finally {
      this.#isReplaying = false;
    }
  }

  /**
   * Whoever started the inspector named this one, and may drop another one on the page meanwhile.
   * @throws Refusal `TooCostly`; StreamwardenError `RecordingUnreadable`, `RecordingMalformed`, `RecordingUnsupported`
   */
  async ofFile(file: string): Promise<WrittenJson> {
    await using thread = await ReplayThread.start({ kind: 'file', file }, this.#limits);
    return (await thread.answer()) as WrittenJson;
  }

  /**
   * What would come (TrialReply) of the event in a request's body, a TrialRequest. It is about a recording: no actor that lives is asked, or told.
   * @throws Refusal `Busy`, `Malformed`, `TooLarge`, `TooCostly`; StreamwardenError `InvalidState`
   */
  async trial(request: IncomingMessage): Promise<WrittenJson> {
    expectType(request, 'application/json');
    if (this.#trialsWaiting >= MOST_TRIALS_WAITING)
      throw new Refusal(429, 'Busy', 'other events are being tried');
    // A page asks by itself which branch a step took, and a person for an event beside that: each has its turn.
    this.#trialsWaiting += 1;
    const turn = this.#latestTrial;
    let over = () => {};
    this.#latestTrial = new Promise((resolve) => {
      over = resolve;
    });
    try {
      await turn;
      await using thread = await ReplayThread.start({ kind: 'trial' }, this.#trialLimits);
      // Put together and read there.
      for await (const chunk of bodyOf(request, MAX_TRIAL_BYTES)) await thread.give(chunk);
      return (await thread.give(null)) as WrittenJson;
    } finally {
      this.#trialsWaiting -= 1;
      over();
    }
  }
}
