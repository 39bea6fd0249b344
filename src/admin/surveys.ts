/** What an admin tells of the servers themselves: who they are, and whether they are fit for consumers. */
import type { Clock } from '../core/clock.js';
import { type Deployment, deploymentOf, type RedisTarget } from '../redis/target.js';
import type { CallOptions, Calls } from './calls.js';
import { examined } from './doctor/examined.js';
import type { Finding } from './doctor/finding.js';
import { checkOptions, flag, integer, oneOf, text } from './inputs.js';
import type { AccessSettings } from './service-access.js';
import type { TopologyPicture } from './topology/picture.js';
import { surveyOf } from './topology/survey-of.js';

export interface WatchTopologyOptions extends CallOptions {
  /** How long it waits between two looks, in milliseconds: 1 to 3,600,000. @defaultValue 1000 */
  readonly intervalMs?: number;
}

export interface DoctorOptions extends CallOptions {
  /** `heartbeatMs` of the consumers. @defaultValue 2000 */
  readonly heartbeatMs?: number;
  /** `keyspaceEvents` of the consumers. @defaultValue 'require' */
  readonly keyspaceEvents?: 'require' | 'prefer' | 'off';
  /** `lockKeys` of the consumers. @defaultValue true */
  readonly lockKeys?: boolean;
  /** The ACL user of the consumers, whose rights are looked at. @defaultValue the user that the admin itself connects as */
  readonly aclUser?: string;
}

export interface Surveys {
  topology(options?: CallOptions): Promise<TopologyPicture>;
  watchTopology(options?: WatchTopologyOptions): AsyncIterableIterator<TopologyPicture>;
  doctor(options?: DoctorOptions): Promise<Finding[]>;
}

const DOCTOR_RULES = {
  heartbeatMs: integer(200, 600_000),
  keyspaceEvents: oneOf('require', 'prefer', 'off'),
  lockKeys: flag,
  aclUser: text,
} as const;

export function createSurveys(settings: AccessSettings, calls: Calls, clock: Clock): Surveys {
  const { redis, timeoutMs } = settings;

  /** Where a function says now that Redis is. */
  function placeNow(options: CallOptions): Promise<Deployment> {
    return calls.lookElsewhere(options, async () =>
      deploymentOf(typeof redis === 'function' ? await redis() : (redis as RedisTarget)),
    );
  }

  async function* watched(options: WatchTopologyOptions): AsyncGenerator<TopologyPicture, void, undefined> {
    using survey = surveyOf(await placeNow(options), timeoutMs, clock);
    for (;;) {
      yield await calls.lookElsewhere(options, () => survey.look());
      await calls.pause(options, options.intervalMs ?? 1_000);
    }
  }

  return {
    async topology(options = {}) {
      checkOptions(options, {});
      using survey = surveyOf(await placeNow(options), timeoutMs, clock);
      return await calls.lookElsewhere(options, () => survey.look());
    },
    watchTopology(options = {}) {
      checkOptions(options, { intervalMs: integer(1, 3_600_000) });
      return watched(options);
    },
    async doctor(options = {}) {
      checkOptions(options, DOCTOR_RULES);
      const { heartbeatMs = 2_000, keyspaceEvents = 'require', lockKeys = true, aclUser } = options;
      const deployment = await placeNow(options);
      const assumed = { heartbeatMs, keyspaceEvents, lockKeys };
      return await calls.lookElsewhere(options, (signal) =>
        examined({ deployment, timeoutMs, service: settings, aclUser, assumed, clock, signal }),
      );
    },
  };
}
