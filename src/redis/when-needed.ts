import type { Clock } from '../core/clock.js';
import { isStreamwardenError } from '../core/errors.js';
import type { Commands } from './commands.js';
import { withDeadline } from './deadline.js';
import type { Link } from './link.js';
import { neverSent } from './reply-errors.js';

/** Commands on a connection that is made when it is needed: a call that finds none waits until there is one, or an attempt has failed. */
export function whenNeeded(link: Link, commands: Commands, clock: Clock, timeoutMs: number): Commands {
  async function reach(command: string): Promise<void> {
    if (link.isUp) return;
    try {
      await withDeadline(clock, timeoutMs, link.whenUp(), () => new Error(`none within ${timeoutMs} ms`));
    } catch (error) {
      throw isStreamwardenError(error) ? error : neverSent(command, error);
    }
  }

  return {
    get isUp() {
      return commands.isUp;
    },
    async run(command, send) {
      await reach(command);
      return await commands.run(command, send);
    },
    async script(name, keys, args) {
      await reach(`script ${name}`);
      return await commands.script(name, keys, args);
    },
  };
}
