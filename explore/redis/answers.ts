/** What scripts answer, as their headers say. */
import { type MoveOutcome, readMoves } from '../../src/redis/lease-store.js';
import type { Reply } from '../../src/simulation/redis/index.js';
import { ReplyError } from '../../src/simulation/redis/index.js';
import type { Entry } from '../entry.js';
import type { ScriptCommand } from './commands.js';

export type Answer =
  | { readonly kind: 'raised'; readonly wasPresent: boolean }
  | { readonly kind: 'standing'; readonly generation: number }
  | { readonly kind: 'beat' }
  /** A beat that finds no presence, and writes none. */
  | { readonly kind: 'lapsed' }
  | { readonly kind: 'refused'; readonly why: 'lapsed' | 'stale'; readonly generation: number }
  | { readonly kind: 'acquired'; readonly results: readonly ('owned' | 'notMine' | 'contended')[] }
  | { readonly kind: 'done'; readonly results: readonly boolean[] }
  | {
      readonly kind: 'moved';
      readonly moved: readonly {
        readonly outcome: MoveOutcome | 'alive';
        readonly copy: string;
        readonly count: number;
      }[];
    }
  | { readonly kind: 'holderAlive' }
  | { readonly kind: 'left'; readonly pending: number }
  | { readonly kind: 'pending'; readonly entries: readonly Entry[] }
  /** Nothing that a script's header allows. */
  | { readonly kind: 'failed'; readonly message: string };

export function answerOf(command: ScriptCommand, reply: Reply): Answer {
  if (reply instanceof ReplyError) {
    const [, word, generation] = /^(SWLAPSED|SWSTALE)(?: (\d+))?/.exec(reply.message) ?? [];
    if (word === 'SWLAPSED') return { kind: 'refused', why: 'lapsed', generation: 0 };
    if (word === 'SWSTALE') return { kind: 'refused', why: 'stale', generation: Number(generation) };
    return { kind: 'failed', message: reply.message };
  }
  switch (command.kind) {
    case 'raise': {
      const [raised, detail] = reply as [number, number];
      return raised === 1
        ? { kind: 'raised', wasPresent: detail === 1 }
        : { kind: 'standing', generation: detail };
    }
    case 'refresh':
      return { kind: reply === 0 ? 'lapsed' : 'beat' };
    case 'acquire': {
      const results = (reply as (number | string)[]).map((item) =>
        // What is parked is in nobody's hands.
        item === 1 ? 'owned' : item === 0 || item === 3 || item === 4 ? 'notMine' : 'contended',
      );
      return { kind: 'acquired', results };
    }
    case 'done':
      return { kind: 'done', results: (reply as number[]).map((item) => item === 1) };
    case 'giveBack':
    case 'requeue':
      if (reply === 0) return { kind: 'holderAlive' };
      return {
        kind: 'moved',
        moved: readMoves(reply).moved.map(({ outcome, copyId, retryCount }) => ({
          outcome,
          copy: copyId,
          count: retryCount,
        })),
      };
    case 'claim': {
      const [outcome, copy, count] = reply as [MoveOutcome | 'alive', string | number, number];
      return { kind: 'moved', moved: [{ outcome, copy: String(copy), count }] };
    }
    case 'leave':
      return { kind: 'left', pending: Number(reply) };
  }
}
