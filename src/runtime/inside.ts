/** What the inspector is shown of a runtime beside its public face. */
import type { Clock } from '../core/clock.js';
import { StreamwardenError } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import { PACKAGE_VERSION } from '../core/package-version.js';
import type { Seam } from '../core/seam.js';
import type { Commands } from '../redis/commands.js';
import type { DataStreams } from '../redis/data-streams.js';
import type { DeadLetterQueue } from '../redis/dead-letter-queue.js';
import type { DelayedStore } from '../redis/delaying.js';
import type { EntryReader } from '../redis/entry-reader.js';
import type { FleetStore } from '../redis/fleet.js';
import type { GroupStore } from '../redis/group.js';
import type { Layout } from '../redis/layout.js';
import type { Names } from '../redis/names.js';
import type { Tap } from '../replay/tap.js';
import type { NotedStreams } from './noted-streams.js';
import type { Overview } from './snapshot.js';
import type { StreamActivity } from './stream-activity.js';

export interface Inside {
  readonly names: Names;
  readonly layout: Layout;
  readonly settings: {
    readonly heartbeatMs: number;
    readonly reconcileEveryMs: number;
    readonly maxRetries: number;
    readonly dlqMaxLen: number;
    readonly lockKeys: boolean;
    readonly historyKey: string | undefined;
  };
  readonly seam: Seam;
  /** Shared with the recorder: an actor has one. */
  readonly tap: Tap;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Commands on the connection for whatever is as large as others choose to make it. */
  readonly bulk: Commands;
  /** How long one answer on it is waited for, in milliseconds. */
  readonly bulkTimeoutMs: number;
  readonly dataStreams: Pick<DataStreams, 'placeOf' | 'look'>;
  readonly group: Pick<
    GroupStore,
    'consumers' | 'presence' | 'balance' | 'pending' | 'pendingOf' | 'timesToLive'
  >;
  readonly entries: Pick<EntryReader, 'pages'>;
  readonly fleet: Pick<FleetStore, 'look'>;
  readonly deadLetters: DeadLetterQueue;
  readonly delayed: Pick<DelayedStore, 'survey' | 'first'>;
  /** What is wrong with the ids of the load balancer stream, in words; null: nothing that has been seen. */
  idTrouble(): string | null;
  /** Owned streams that have been touched, or are suspects. Looks at all of them. */
  noted(): NotedStreams;
  /** Has the others know at which address an inspector shows this runtime. @returns takes that back */
  inspectedAt(url: string): () => void;
  /** What is being done with the stream of that entry; null: this runtime does not have it. */
  activity(id: string): StreamActivity | null;
  /** Cheap, however many streams are owned. */
  overview(): Overview;
}

/** A registered symbol, so that another copy of the same version of the package finds it too. */
const INSIDE = Symbol.for(`streamwarden ${PACKAGE_VERSION}: inside`);

export function showInside(runtime: object, inside: Inside): void {
  Object.defineProperty(runtime, INSIDE, { value: inside });
}

/** @throws StreamwardenError `InvalidOption` when it was not made by createRuntime() of this version of the package */
export function insideOf(runtime: object): Inside {
  const inside = (runtime as { readonly [INSIDE]?: Inside })[INSIDE];
  if (inside === undefined) {
    throw new StreamwardenError(
      'InvalidOption',
      'expected a runtime made by createRuntime() of this version of streamwarden, got: something else',
    );
  }
  return inside;
}
