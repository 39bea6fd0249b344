/** One process that is played: gives its handler what was recorded, in that order and at those times. */
import { textOf, isStreamwardenError } from '../core/errors.js';
import type { Notification } from '../runtime/notifications.js';
import type { StreamHandler } from '../runtime/types.js';
import { type Duration, toMs } from '../simulation/duration.js';
import type { SimulatedProcess } from '../simulation/process.js';
import { ORDER } from '../simulation/timeline.js';
import { Holding } from './holding.js';
import type { Held, HoldingStage } from './holding-stage.js';
import type { CompiledPlay } from './options.js';
import { errorOn } from './reasons.js';
import type { Cue, Moment, Part, Script, ScriptLine } from './script.js';
import type { Assignment, PlayedStepKind, PlayStage, Standstill } from './types.js';
import type { PlayWorld } from './world.js';

/** An assignment that was given to a handler. */
export interface Turn<TInfo, TCheckpoint> {
  readonly holding: Holding<TInfo, TCheckpoint>;
  readonly assignment: Assignment;
  readonly ms: number;
  outcome: 'returned' | 'threw' | 'running' | 'crashed';
  error: unknown;
  endedMs: number | null;
  /** Its handler has ended, and what the runtime then does has been answered. */
  isSettled: boolean;
}

export interface StageSettings<TInfo, TCheckpoint> {
  readonly script: Script;
  readonly world: PlayWorld;
  readonly options: CompiledPlay<TInfo, TCheckpoint>;
  /** Whether nobody would have been given it, as it goes on with what the play has finished. */
  readonly isMoot: (part: Part) => boolean;
  readonly begun: (turn: Turn<TInfo, TCheckpoint>) => void;
  readonly skipped: (assignment: Assignment) => void;
}

export class Stage<TInfo, TCheckpoint> implements HoldingStage {
  readonly world: PlayWorld;
  readonly process: SimulatedProcess;
  readonly standstills: Standstill[] = [];
  readonly #settings: StageSettings<TInfo, TCheckpoint>;
  readonly #handler: StreamHandler<TInfo, TCheckpoint>;
  readonly #public: PlayStage;
  readonly #turns = new Map<Part, Turn<TInfo, TCheckpoint>>();
  #seq = 0;
  /** Nothing is known of a lease before it is told of, nor after the recording. */
  #validUntil = Number.POSITIVE_INFINITY;
  #isKilled = false;

  constructor(settings: StageSettings<TInfo, TCheckpoint>) {
    const { script, world, options } = settings;
    this.#settings = settings;
    this.world = world;
    this.process = world.process(script.consumer);
    this.#public = this.#publicFace();
    const { handler, prepare } = options;
    const made = prepare === undefined ? undefined : prepare(this.#public);
    const own = handler && ((stream: Parameters<typeof handler>[0]) => handler(stream, this.#public));
    this.#handler = made ?? (own as StreamHandler<TInfo, TCheckpoint>);
    for (const line of script.lines) this.#schedule(line);
  }

  get clock() {
    return this.process.clock;
  }

  get validUntil(): number {
    return this.#validUntil === Number.POSITIVE_INFINITY ? this.clock.now() + 1_000 : this.#validUntil;
  }

  step({ part, lease }: Held, kind: PlayedStepKind, text: string, detail: unknown): void {
    if (this.#isKilled && kind !== 'crash') return;
    const { world } = this;
    world.steps.push({
      kind,
      ms: world.timeline.now,
      seq: this.#seq,
      consumer: this.#settings.script.consumer,
      stream: part.name,
      id: part.id,
      text,
      detail,
      lease,
      owner: world.owners.get(part.name) ?? '',
    });
  }

  answer(afterMs: number | undefined, run: () => void): void {
    this.world.answer(this.process, afterMs, run);
  }

  fateOf({ part }: Held, isOverdue: boolean): 'isHeld' | 'isLost' | 'willBeLost' {
    const verdict = part.verdicts.find(({ seq }) => seq > this.#seq);
    const isOthers = this.world.owners.get(part.name) !== this.#settings.script.consumer;
    if (isOthers) return verdict?.is === 'lost' ? 'willBeLost' : 'isLost';
    return isOverdue && verdict?.is === 'lost' ? 'willBeLost' : 'isHeld';
  }

  fail(error: Error): Error {
    this.world.driver.fail(error);
    return error;
  }

  #publicFace(): PlayStage {
    const { world, process, clock } = this;
    const { consumer, service } = this.#settings.script;
    return {
      consumer,
      service,
      clock,
      sleep: async (duration: Duration) => await world.calls.sleep(toMs(duration, 'duration'), process),
      real: (work) => world.realWork.tell(work, process),
      note: (text, detail) => this.#note(text, detail),
    };
  }

  /** Of the stream whose handler says so, where it can be told; else of the process. */
  #note(text: string, detail: unknown): void {
    const id = this.world.handlerRunning();
    const turn = [...this.#turns.values()].find(({ holding }) => holding.part.id === id);
    if (turn === undefined) {
      const none = { id: '', name: '' } as Part;
      this.step({ part: none, lease: 'ended' }, 'note', text, detail);
    } else {
      turn.holding.step('note', text, detail);
    }
  }

  #schedule(line: ScriptLine): void {
    const { timeline } = this.world;
    timeline.at(this.world.msOf(line.at), ORDER.arrival, this.process, () => {
      this.#seq = line.seq;
      for (const cue of line.cues) this.#perform(cue, line);
    });
  }

  #perform(cue: Cue, moment: Moment): void {
    switch (cue.kind) {
      case 'assign':
        this.#assign(cue.part, moment);
        break;
      case 'begin': {
        const turn = this.#turns.get(cue.part);
        if (turn !== undefined) void this.#playOut(turn);
        break;
      }
      case 'told':
        this.#told(cue.notification);
        break;
      case 'lease':
        this.#validUntil = cue.until;
        break;
      case 'standstill':
        this.#standStill(cue.ms, moment);
        break;
      case 'stop':
        this.#stop();
        break;
      case 'over':
        this.#over(cue.isKilled);
        break;
      case 'ended':
        break;
      default: {
        const turn = this.#turns.get(cue.part);
        if (turn !== undefined) this.#befalls(turn.holding, cue);
      }
    }
  }

  #befalls(holding: Holding<TInfo, TCheckpoint>, cue: Extract<Cue, { part: Part }>): void {
    switch (cue.kind) {
      case 'uncertain':
        holding.isUncertain = true;
        holding.step('uncertain');
        if (this.#settings.options.onUncertain === 'abort')
          holding.abort(errorOn(holding.part, 'LeaseUncertain', 'could not be confirmed in time'));
        break;
      case 'confirmed':
        holding.isUncertain = false;
        holding.step('confirmed');
        break;
      case 'touched':
        holding.touch(cue.touched);
        break;
      case 'abort':
        if (!cue.isConsequence || holding.hasFailed) holding.abort(cue.error);
        break;
      case 'lost':
        holding.lose(cue.error);
        break;
      default:
    }
  }

  #assign(part: Part, { seq }: Moment): void {
    const { world } = this;
    const { script, options, isMoot, begun, skipped } = this.#settings;
    const { consumer } = script;
    const { id, name: stream, retryCount } = part;
    const assignment: Assignment = { stream, id, retryCount, consumer, seq };
    if (isMoot(part)) {
      skipped(assignment);
      return;
    }
    world.owners.set(stream, consumer);
    const supplies = options.supply?.(assignment, this.#public) ?? {};
    const holding = new Holding<TInfo, TCheckpoint>(part, this, supplies);
    const turn: Turn<TInfo, TCheckpoint> = {
      holding,
      assignment,
      ms: world.timeline.now,
      outcome: 'running',
      error: undefined,
      endedMs: null,
      isSettled: false,
    };
    this.#turns.set(part, turn);
    begun(turn);
  }

  #told(notification: Notification): void {
    const { onNotification } = this.#settings.options;
    onNotification?.(notification as Notification<TInfo>, this.#public);
  }

  #standStill(ms: number, { seq }: Moment): void {
    const { script, options } = this.#settings;
    if (!options.standstills) return;
    this.standstills.push({ consumer: script.consumer, seq, ms: this.world.timeline.now, lastedMs: ms });
    this.process.freeze(ms);
  }

  #stop(): void {
    for (const { holding } of this.#turns.values()) {
      if (holding.isWorkedOn)
        holding.abort(errorOn(holding.part, 'RuntimeStopped', 'is handed over: the runtime is stopping'));
    }
  }

  #over(isKilled: boolean): void {
    this.#validUntil = Number.POSITIVE_INFINITY;
    if (!isKilled) return;
    this.#isKilled = true;
    for (const turn of this.#turns.values()) {
      if (turn.outcome !== 'running') continue;
      turn.outcome = 'crashed';
      turn.isSettled = true;
      turn.holding.step('crash');
      turn.holding.end();
    }
    this.world.calls.processEnded(this.process);
    this.process.end();
  }

  async #playOut(turn: Turn<TInfo, TCheckpoint>): Promise<void> {
    try {
      await this.#play(turn);
    } finally {
      turn.isSettled = true;
    }
  }

  async #play(turn: Turn<TInfo, TCheckpoint>): Promise<void> {
    const { holding } = turn;
    const { consumer } = this.#settings.script;
    const handler = this.world.calls.watched(this.#handler, { consumer, process: this.process });
    let isOver = false;
    while (!isOver) {
      isOver = true;
      holding.step('begin', holding.part.retryCount > 0 ? `retries ${holding.part.retryCount}` : '');
      try {
        await handler(holding.handle);
      } catch (error) {
        this.#threw(turn, error);
        return;
      }
      if (this.#isKilled) return;
      holding.step('return');
      turn.endedMs = this.world.timeline.now;
      turn.outcome = 'returned';
      if (!holding.isWorkedOn || holding.isAborted) return;
      try {
        await holding.done();
      } catch (error) {
        // It was touched, and there may be more entries; all else is the runtime's to deal with.
        isOver = !(holding.hasWalked && isStreamwardenError(error, 'StreamTouched'));
        if (!isOver) turn.outcome = 'running';
      }
    }
  }

  #threw(turn: Turn<TInfo, TCheckpoint>, error: unknown): void {
    if (this.#isKilled) return;
    const { holding } = turn;
    holding.step('throw', textOf(error), error);
    turn.endedMs = this.world.timeline.now;
    turn.outcome = 'threw';
    turn.error = error;
    // What a handler throws after its signal aborted is its way of stopping.
    if (holding.isWorkedOn && !holding.isAborted) holding.fail();
  }
}
