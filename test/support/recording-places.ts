/**
 * The events of a recording, each with what is needed to judge it alone. Who changes one need not live through all that came before it: a life is cut into
 * pieces, and each piece begins like a recording that was begun later, with a line that says where the actor stands.
 */
import { type ActorLine, type EventLine, isActorLine, type JoinLine } from '../../src/replay/format.js';
import type { Json } from '../../src/replay/json-safe.js';
import { Patcher } from '../../src/replay/patch.js';
import type { Recording } from '../../src/replay/recording.js';

/** Events in a piece. */
const PIECE = 4;

export interface Place {
  /** Of the line in the recording. */
  readonly index: number;
  readonly line: EventLine;
  /** Lines of its actor: the beginning of the piece, and what stands before the event in it. */
  readonly before: readonly ActorLine[];
  /** Lines of its actor to the end of its life. */
  readonly after: readonly ActorLine[];
}

interface Step {
  readonly index: number;
  readonly line: EventLine;
  /** Where the actor stands before it; of the first step of a piece. */
  readonly start: Exclude<ActorLine, EventLine> | undefined;
}

interface Life {
  readonly patcher: Patcher;
  readonly steps: Step[];
  context: Json;
  last: ActorLine;
}

/** In the order of actors' lives. */
export function placesOf(recording: Recording): Place[] {
  return livesOf(recording).flatMap(({ steps }) =>
    steps.map(({ index, line }, at) => {
      const first = at - (at % PIECE);
      const before = steps.slice(first, at).map((step) => step.line);
      const { start } = steps[first] as Step;
      return {
        index,
        line,
        before: start === undefined ? before : [start, ...before],
        after: steps.slice(at + 1).map((step) => step.line),
      };
    }),
  );
}

function livesOf({ lines }: Recording): Life[] {
  const lives: Life[] = [];
  const current = new Map<string, Life>();
  for (const [index, line] of lines.entries()) {
    if (!isActorLine(line)) continue;
    if (line.kind !== 'event') {
      const life = { patcher: new Patcher(), steps: [], context: line.context, last: line };
      current.set(line.actor, life);
      lives.push(life);
      continue;
    }
    const life = current.get(line.actor);
    if (life === undefined) continue;
    life.steps.push({ index, line, start: life.steps.length % PIECE === 0 ? startOf(life) : undefined });
    if (line.patch !== undefined) life.context = life.patcher.apply(life.context, line.patch);
    life.last = line;
  }
  return lives;
}

/** The first piece begins as the actor did. */
function startOf({ last, context }: Life): Exclude<ActorLine, EventLine> {
  if (last.kind !== 'event') return last;
  const { seq, at, actor, machine, state } = last;
  // What a patch makes is changed by the next one.
  return {
    kind: 'join',
    seq,
    at,
    actor,
    machine,
    state,
    context: structuredClone(context),
  } satisfies JoinLine;
}
