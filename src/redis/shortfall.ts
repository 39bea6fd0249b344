/** What the server will not do for us: what the user is not permitted, and what the server does not have. */
import { isStreamwardenError, messageOf, StreamwardenError } from '../core/errors.js';
import { isUnknownCommand } from './reply-code.js';

export class Shortfall {
  /** What a connection could not be made for: a command that is sent on every one is not there. Undefined: something else is wrong. */
  static of(error: unknown): Shortfall | undefined {
    const [, command] = /^ERR unknown command ['`](\w+)/i.exec(messageOf(error)) ?? [];
    if (command === undefined) return undefined;
    const shortfall = new Shortfall();
    shortfall.missing.add(command.toUpperCase());
    return shortfall;
  }

  /** Commands, and keys, that the user is not permitted. */
  readonly refused = new Set<string>();
  /** Commands that the server does not have: renamed or removed. */
  readonly missing = new Set<string>();

  /** Whether that error is one of these; then the command is noted. */
  takes(error: unknown, command: string): boolean {
    if (isStreamwardenError(error, 'PermissionDenied')) this.refused.add(command);
    else if (isMissing(error)) this.missing.add(firstWord(command));
    else return false;
    return true;
  }

  /** @param probed what `scripts/probe.lua` answers with */
  add(probed: readonly string[], isNeeded: (command: string) => boolean = () => true): void {
    for (const one of probed) {
      const command = one.replace(/^missing /, '');
      if (isNeeded(command)) (command === one ? this.refused : this.missing).add(command);
    }
  }

  has(command: string): boolean {
    return this.refused.has(command) || this.missing.has(command);
  }

  /** @throws StreamwardenError `CommandsMissing` or `PermissionDenied`, which name all of it */
  check(): void {
    const refused = [...this.refused];
    const missing = [...this.missing];
    if (missing.length > 0) {
      const besides = refused.length > 0 ? `; and it does not permit this user: ${refused.join(', ')}` : '';
      throw new StreamwardenError(
        'CommandsMissing',
        `Redis does not have these commands, which were renamed or removed: ${missing.join(', ')}${besides}`,
        { details: { missing, refused } },
      );
    }
    if (refused.length > 0) {
      throw new StreamwardenError(
        'PermissionDenied',
        `Redis does not permit this user: ${refused.join(', ')}`,
        { details: { refused } },
      );
    }
  }
}

function firstWord(command: string): string {
  return command.split(' ', 1)[0] as string;
}

function isMissing(error: unknown): boolean {
  return (
    isStreamwardenError(error, 'RedisRefused') &&
    error.cause instanceof Error &&
    isUnknownCommand(error.cause.message)
  );
}
