/** One line on stderr for each command that changed something, or tried to: who did what, to how many, when. */
import { hostname, userInfo } from 'node:os';
import { parseMultiHostUrl } from '../redis/redis-url.js';
import type { Output } from './output.js';
import { addressOf } from './redis-option.js';

export interface Audited {
  /** Such as `dlq redrive`. */
  readonly command: string;
  readonly service: string;
  readonly result: 'done' | 'refused' | 'interrupted' | 'failed';
  /** What was chosen, and what became of it. */
  readonly [member: string]: unknown;
}

/** Containers run as users without a name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

function redisUserOf(url: string): string {
  const username = parseMultiHostUrl(url)?.username ?? (URL.canParse(url) ? new URL(url).username : '');
  return decodeURIComponent(username) || 'default';
}

export function audit(output: Output, url: string, { command, service, result, ...members }: Audited): void {
  const line = {
    at: new Date().toISOString(),
    who: `${userName()}@${hostname()}`,
    redisUser: redisUserOf(url),
    redis: addressOf(url),
    command,
    service,
    ...members,
    result,
  };
  output.notice(`audit: ${JSON.stringify(line)}`);
}
