/** What `doctor` goes by: everything that was gathered, before anything is judged. */
import type { ServiceStatus } from '../status/service-status.js';
import type { TopologyPicture } from '../topology/picture.js';

/** How the consumers are configured. Redis does not know, so it is asked for on the command line. */
export interface AssumedSettings {
  readonly heartbeatMs: number;
  readonly keyspaceEvents: 'require' | 'prefer' | 'off';
  readonly lockKeys: boolean;
}

/** A server's clock against that of this machine. */
export interface ClockReading {
  /** Milliseconds by which it is ahead; negative: behind. */
  readonly aheadMs: number;
  /** It may be this much more or less, in milliseconds. */
  readonly errorMs: number;
}

/** What a user may not do. */
export interface Rights {
  /** False: the server knows no such user. ACL users are not replicated. */
  readonly hasUser: boolean;
  /** Whether every command was tried. False: only those that change nothing could be. */
  readonly isComplete: boolean;
  /** Commands that are refused, whatever their keys. */
  readonly commands: readonly string[];
  /** Keys and channels that are refused; empty when no service was named. */
  readonly keys: readonly string[];
  readonly channels: readonly string[];
}

/** A server that answers. */
export interface ServerFacts {
  readonly address: string;
  readonly role: 'master' | 'replica';
  /** Fields of INFO by name; empty when it may not be read. */
  readonly info: ReadonlyMap<string, string>;
  /** Settings by name: those that may be read. */
  readonly config: ReadonlyMap<string, string>;
  /** Null when TIME is refused. */
  readonly clock: ClockReading | null;
  /** Milliseconds that each of a few questions took. */
  readonly roundTripsMs: readonly number[];
  /** Needed commands that it does not have; null when that may not be asked. */
  readonly missingCommands: readonly string[] | null;
  readonly rights: Rights;
  /** Commands that only those need whose handlers read entries, and that are refused, whatever their keys. */
  readonly refusedForEntries: readonly string[];
  /** Names of connections that have subscribed; null when they may not be listed. */
  readonly subscribers: readonly string[] | null;
}

/** A server that could not be looked at. */
export interface SilentServer {
  readonly address: string;
  readonly error: string;
}

/** A Sentinel that answers. */
export interface SentinelFacts {
  readonly address: string;
  /** What it says of the quorum; null: it has it. */
  readonly quorumProblem: string | null;
}

/** What can be seen from outside of how a consumer is configured. */
export interface SeenConsumer {
  readonly name: string;
  readonly kind: 'ours' | 'go';
  readonly pending: number;
  /** The longest time that its presence was seen to have left, in milliseconds; null: no presence. Presence is renewed twice a heartbeat. */
  readonly presenceMs: number | null;
  /** Whether streams that it owns have lock keys; null when it owns none of those that were looked at. */
  readonly keepsLocks: boolean | null;
}

export interface ServiceFacts {
  readonly service: string;
  /** Why the rest could not be told; null when it could. `missing`: there is no such service yet. */
  readonly problem: { readonly kind: 'missing' | 'wrongType' | 'unreadable'; readonly text: string } | null;
  readonly status: ServiceStatus | null;
  readonly consumers: readonly SeenConsumer[];
  /** The last id that the stream has given, and by how much it is ahead of the clock of its server; null when that could not be told. */
  readonly lastId: { readonly id: string; readonly aheadMs: number } | null;
  /** Key of the hash of owners. */
  readonly owners: string;
  /** Entries that were given out and are pending for nobody; at least so many. */
  readonly stranded: number;
  /** Entries that wait to be written to a dead-letter stream in another slot. */
  readonly dueLetters: number;
  /** The newest dead letters by their reason; null when they could not be read. */
  readonly letters: ReadonlyMap<string, LetterFacts> | null;
}

/** Dead letters of one reason. */
export interface LetterFacts {
  /** At least so many: of a long stream only the newest are looked at. */
  readonly count: number;
  readonly largestBytes: number;
  readonly newestId: string;
}

export interface Facts {
  readonly topology: TopologyPicture;
  /** Those that answer: masters first. */
  readonly servers: readonly ServerFacts[];
  /** Those that do not, or no longer. */
  readonly silent: readonly SilentServer[];
  readonly sentinels: readonly SentinelFacts[];
  /** Null when no service was named. */
  readonly service: ServiceFacts | null;
  readonly assumed: AssumedSettings;
}

export function mastersOf({ servers }: Pick<Facts, 'servers'>): readonly ServerFacts[] {
  return servers.filter(({ role }) => role === 'master');
}

/** A number of INFO; undefined when it is not there. */
export function numberOf({ info }: Pick<ServerFacts, 'info'>, field: string): number | undefined {
  const text = info.get(field);
  return text === undefined || text === '' ? undefined : Number(text);
}
