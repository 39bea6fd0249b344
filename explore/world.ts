/**
 * One state of a small world: what Redis holds, what each client knows and has on its way, what may still befall it, and what has happened
 * so far as far as the invariants need to know. Plain data: a step makes a new one, and shares what it leaves alone.
 */
import type { RedisSnapshot } from '../src/simulation/redis/index.js';
import type { FaultKind } from './configuration.js';
import type { Entry } from './entry.js';
import type { Answer } from './redis/answers.js';
import type { Command } from './redis/commands.js';

/** As in `src/machines/ownership.machine.ts`; `working` is extending and uncertain in one. */
export type HeldState = 'acquiring' | 'contended' | 'acquired' | 'working' | 'acking' | 'givingBack';

/** An entry in a client's hands. */
export interface Held extends Entry {
  readonly state: HeldState;
  /** Why it is given back. */
  readonly reason?: 'handOver' | 'failed';
  /** Its done or its hand-over is on the way. */
  readonly isSent?: boolean;
  /** An earlier try got no answer. */
  readonly mayBeRepeat?: boolean;
  /** It goes back without the application ever having heard of it. */
  readonly isUnheard?: boolean;
}

/** Entries without an ownership on their way back, repeated until it is answered. */
export interface Returning {
  readonly reason: 'handOver' | 'waiting';
  readonly entries: readonly Entry[];
  readonly isSent: boolean;
  readonly mayBeRepeat: boolean;
}

/** A command on its way, or its answer. */
export interface Sent {
  readonly command: Command;
  /** Null: not executed yet. */
  readonly answer: Answer | null;
  /** Of a beat that has been executed: the lease that it gave is over already. */
  readonly isOver?: boolean;
}

export type Verification =
  | { readonly phase: 'look'; readonly held: readonly string[] }
  | { readonly phase: 'adopt' };

export type Reading =
  | { readonly phase: 'idle' }
  /** Redis may answer it as soon as something is there. */
  | { readonly phase: 'parked'; readonly count: number }
  | { readonly phase: 'delivered'; readonly entries: readonly Entry[] }
  | { readonly phase: 'acquiring' };

/**
 * How far a stop has come (`src/actors/endings/drain.ts`): reads and acquisitions end; handlers return; what was worked on goes back; what waits for
 * its name goes back; a last look; presence is deleted.
 */
export type DrainPhase = 'quieting' | 'returning' | 'handing' | 'waiters' | 'last' | 'leaving';

/** Giving back what the application never heard of: first what was acquired and not told, then what is pending unknown. */
export type Unheard = 'acquired' | 'look' | 'unknown';

export interface Client {
  readonly index: number;
  /** `gone`: crashed, or at its end without having left the group. */
  life: 'running' | 'draining' | 'left' | 'gone';
  isConnected: boolean;
  lease: 'absent' | 'raising' | 'present';
  /** That its commands carry. */
  generation: number;
  /** Written or found last. */
  known: number;
  /** Asked for last. */
  asked: number;
  /** The lease of the latest answered beat is not over. */
  isStanding: boolean;
  /** What is held is ours for certain: `validUntil` lies ahead. */
  isCertain: boolean;
  isDoubted: boolean;
  /** A beat was executed, and its answer lost: presence stands for longer than this client can know. */
  hasUnheardBeat: boolean;
  /** Verified since the last reason to doubt it: operations go on. */
  isConfirmed: boolean;
  verification: Verification | null;
  verifyAgain: boolean;
  /** Its own lease is in doubt: it takes nothing from others. */
  isHalted: boolean;
  /** The command connection: first sent, first executed, first answered. */
  pipe: readonly Sent[];
  reading: Reading;
  held: readonly Held[];
  /** What waits for its name and asks whether it is free; while stopping, what waits and goes back. */
  asking: Returning | null;
  isSweeping: boolean;
  drain: DrainPhase | null;
  unheard: Unheard | null;
  returning: Returning | null;
}

/** Commands that were given up on one connection, and that Redis may still execute, in this order. */
export interface Late {
  readonly client: number;
  readonly commands: readonly Command[];
}

/** What the invariants need to know of the past. */
export interface Past {
  /** Announced entries that have been finished, by number. */
  readonly finished: readonly number[];
  /** Entries that were recorded as owned, and have not ended. */
  readonly owned: readonly { readonly id: string; readonly name: string; readonly client: number }[];
  /** Data stream name → largest token that ever owned it. */
  readonly tokens: Readonly<Record<string, string>>;
  /** Entries that an operator took from a living owner, who has not heard of it yet. */
  readonly forced: readonly string[];
  /** Each client's highest generation that stood in Redis. */
  readonly generations: readonly number[];
}

export interface World {
  readonly redis: RedisSnapshot;
  readonly clients: readonly Client[];
  /** How many of the configuration's entries have been announced. */
  readonly announced: number;
  /** How often each kind of fault may still strike. */
  readonly faults: Partial<Readonly<Record<FaultKind, number>>>;
  readonly late: readonly Late[];
  /** Reads that Redis keeps parked though nobody listens, by client. */
  readonly orphanedReads: readonly { readonly client: number; readonly count: number }[];
  /** What an operator has decided by a look, and not done yet. */
  readonly operator: Command | null;
  readonly past: Past;
}
