/** An admin whose options are known to be right. */
import { type Clock, systemClock } from '../core/clock.js';
import type { Admin } from './admin.js';
import { Calls } from './calls.js';
import { membersOf } from './fleet.js';
import { check, checkOptions, text } from './inputs.js';
import { createDeadLettersAdmin } from './letters/letters-admin.js';
import { PENDING_RULES, pendingPages } from './pending-filter.js';
import { type AccessSettings, accessService } from './service-access.js';
import { readServiceStatus } from './status/read-status.js';

export function openAdmin(settings: AccessSettings, clock: Clock = systemClock): Admin {
  const access = accessService(settings, clock);
  const calls = new Calls(access);

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
      return membersOf(await calls.read(options, () => readServiceStatus(access)));
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
    deadLetters: createDeadLettersAdmin(access, calls),
    close,
    [Symbol.asyncDispose]: close,
  };
}
