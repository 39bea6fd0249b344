/** An admin whose options are known to be right. */
import { type Clock, systemClock } from '../core/clock.js';
import type { Cancelled } from '../redis/cancelling.js';
import type { PauseChange } from '../redis/parking.js';
import { membersOf } from '../runtime/fleet.js';
import { namesOf } from '../runtime/new-stream.js';
import type { Admin } from './admin.js';
import { adoptedEntries, strandedEntries } from './adopting.js';
import { type CallOptions, Calls } from './calls.js';
import { claimed } from './claiming.js';
import { check, checkOptions, entryId, entryIds, flag, integer, text } from './inputs.js';
import { createDeadLettersAdmin } from './letters/letters-admin.js';
import { PENDING_RULES, pendingEntry, pendingPages } from './pending-filter.js';
import { readCheckpoint } from './progress.js';
import { type AccessSettings, accessService } from './service-access.js';
import { readServiceStatus } from './status/read-status.js';
import { createSurveys } from './surveys.js';

/** Of a pause between two looks, in milliseconds. */
const MOST_SETTLE_MS = 3_600_000;

export function openAdmin(settings: AccessSettings, clock: Clock = systemClock): Admin {
  const access = accessService(settings, clock);
  const calls = new Calls(access, clock);
  const surveys = createSurveys(settings, calls, clock);

  async function cancel(names: readonly string[], options: CallOptions): Promise<Cancelled[]> {
    const dataStreams = namesOf(names);
    checkOptions(options, {});
    return await calls.change(options, () => access.cancel(dataStreams));
  }

  async function setPaused(
    what: 'pause' | 'resume',
    name: string,
    options: CallOptions,
  ): Promise<PauseChange> {
    namesOf([name]);
    checkOptions(options, {});
    return await calls.change(options, () => access.setPaused(what, name));
  }

  async function close(): Promise<void> {
    calls.close();
  }

  return {
    service: access.names.service,
    async exists(options = {}) {
      checkOptions(options, {});
      return await calls.read(options, () => access.exists());
    },
    async status(options = {}) {
      checkOptions(options, {});
      return await calls.read(options, () => readServiceStatus(access));
    },
    async fleet(options = {}) {
      checkOptions(options, {});
      return membersOf((await calls.read(options, () => readServiceStatus(access))).consumers);
    },
    pending(options = {}) {
      checkOptions(options, PENDING_RULES);
      return calls.each(options, pendingPages(access.pending, options));
    },
    async owner(name, options = {}) {
      check('name', name, text);
      checkOptions(options, {});
      return await calls.read(options, () => access.owners.of(name));
    },
    async checkpoint(name, options = {}) {
      check('name', name, text);
      checkOptions(options, {});
      const { home, names, dataStreams } = access;
      return await calls.read(options, () => readCheckpoint(home, names, dataStreams, name));
    },
    deadLetters: createDeadLettersAdmin(access, calls),
    async pendingEntry(id, options = {}) {
      check('id', id, entryId);
      checkOptions(options, {});
      return await calls.read(options, () => pendingEntry(access.pending, id));
    },
    async claim(id, options = {}) {
      check('id', id, entryId);
      checkOptions(options, { force: flag });
      const { force = false } = options;
      return await calls.change(options, () => claimed(access.claims, id, force));
    },
    stranded(options = {}) {
      checkOptions(options, { settleMs: integer(0, MOST_SETTLE_MS) });
      return strandedEntries(access.stranded, calls, options);
    },
    adopt(ids, options = {}) {
      check('ids', ids, entryIds);
      checkOptions(options, {});
      return adoptedEntries(access.stranded, calls, ids, options);
    },
    async cancel(name, options = {}) {
      const [cancelled] = await cancel([name], options);
      return cancelled as Cancelled;
    },
    cancelMany: (names, options = {}) => cancel(names, options),
    pause: (name, options = {}) => setPaused('pause', name, options),
    resume: (name, options = {}) => setPaused('resume', name, options),
    topology: surveys.topology,
    watchTopology: surveys.watchTopology,
    doctor: surveys.doctor,
    close,
    [Symbol.asyncDispose]: close,
  };
}
