/** What Redis knows of one service, and what can be seen in it of how its consumers are configured. */

import type { Clock } from '../../../core/clock.js';
import { nextEntryId } from '../../../core/entry-id.js';
import { isStreamwardenError, messageOf } from '../../../core/errors.js';
import { redact } from '../../../core/logger.js';
import { dueReason } from '../../../redis/due-consumer.js';
import { parseEntry } from '../../../redis/entry.js';
import { fieldsOf } from '../../../redis/flat-reply.js';
import { isIncarnation } from '../../../redis/names.js';
import { STRANDED_PAGE } from '../../../redis/stranded.js';
import type { CompiledServiceOptions } from '../../../runtime/service-settings.js';
import { accessService, type ServiceAccess } from '../../service-access.js';
import { readServiceStatus } from '../../status/read-status.js';
import type { ConsumerStatus, ServiceStatus } from '../../status/service-status.js';
import { endedBy } from '../ended-by.js';
import type { LetterFacts, SeenConsumer, ServiceFacts } from '../facts.js';

/** How often presences are looked at, and how far apart: the longest time left says most of the heartbeat. */
const LOOKS = 6;
const APART_MS = 200;
/** So many pending entries are looked at for lock keys. */
const SAMPLE = 50;
/** So many pages of the stream are looked through for stranded entries. */
const STRANDED_PAGES = 100;
/** So many pages of the dead letters, of so many letters and bytes each. */
const LETTER_PAGES = 20;
const LETTER_PAGE = 100;
const LETTER_BYTES = 1_048_576;

/** Never rejects: a service that cannot be read is a finding. */
export async function gatherService(
  settings: CompiledServiceOptions,
  clock: Clock,
  signal?: AbortSignal,
): Promise<ServiceFacts> {
  const { names } = settings;
  using access = endedBy(signal, accessService({ ...settings, patience: 'once' }, clock));
  try {
    await access.up();
    return await lookAt(access, clock);
  } catch (error) {
    const text = redact(messageOf(error));
    const isMissing = isStreamwardenError(error, 'ServiceNotFound');
    const kind = isMissing
      ? 'missing'
      : isStreamwardenError(error, 'NotAStream')
        ? 'wrongType'
        : 'unreadable';
    const nothing = {
      status: null,
      consumers: [],
      lastId: null,
      owners: names.owners,
      stranded: 0,
      dueLetters: 0,
      letters: null,
    };
    return { service: names.service, problem: { kind, text }, ...nothing };
  }
}

async function lookAt(access: ServiceAccess, clock: Clock): Promise<ServiceFacts> {
  const { names } = access;
  const status = await readServiceStatus(access);
  const real = status.consumers.filter(({ name }) => dueReason(name) === undefined);
  const due = status.consumers.filter(({ name }) => dueReason(name) !== undefined);
  const longest = await longestPresences(access, clock, real);
  const locks = status.group.created ? await lockKeepers(access) : new Map<string, boolean>();
  return {
    service: names.service,
    problem: null,
    status,
    consumers: real.map(({ name, pending }): SeenConsumer => {
      const kind = isIncarnation(name) ? 'ours' : 'go';
      return {
        name,
        kind,
        pending,
        presenceMs: longest.get(name) ?? null,
        keepsLocks: locks.get(name) ?? null,
      };
    }),
    lastId: await lastIdOf(access),
    owners: names.owners,
    stranded: await strandedCount(access, status),
    dueLetters: due.reduce((sum, { pending }) => sum + pending, 0),
    letters: await lettersOf(access),
  };
}

async function lastIdOf({ home, names: { lbs } }: ServiceAccess): Promise<ServiceFacts['lastId']> {
  try {
    const id = String(
      fieldsOf(await home.run('XINFO', (client) => client.xinfo('STREAM', lbs)))['last-generated-id'],
    );
    const [seconds] = await home.run('TIME', (client) => client.time());
    return { id, aheadMs: Number(id.split('-', 1)[0]) - Number(seconds) * 1_000 };
  } catch {
    return null;
  }
}

/** Where nobody can say how much has been given out, the beginning of the stream is looked through. */
async function strandedCount(
  { home, names: { lbs, group } }: ServiceAccess,
  { stream, group: { created, pending, stranded } }: ServiceStatus,
): Promise<number> {
  if (stranded !== null || !created || stream.length <= pending) return stranded ?? 0;
  let count = 0;
  let start = '-';
  for (let page = 0; page < STRANDED_PAGES; page += 1) {
    const reply = await home.script('stranded', [lbs], [group, start, STRANDED_PAGE]);
    const [last, ids] = reply as [string, string[]];
    count += ids.length;
    if (last === '') break;
    start = nextEntryId(last);
  }
  return count;
}

type Page = [letters: [id: string, bytes: number, fields: string[], isWhole: number][], hasMore: number];

/** The newest letters. Only their small fields are read: a letter may be as large as its producer made it. */
async function lettersOf({
  letters: server,
  names: { dlq },
}: ServiceAccess): Promise<ServiceFacts['letters']> {
  const found = new Map<string, LetterFacts>();
  let from = '+';
  try {
    for (let page = 0; page < LETTER_PAGES; page += 1) {
      const range = ['XREVRANGE', from, '-', LETTER_PAGE, LETTER_BYTES, 0];
      const [letters, hasMore] = (await server.script('read-page', [dlq], range)) as Page;
      for (const [id, bytes, fields] of letters) {
        const reason = reasonOf(fields);
        const { count = 0, largestBytes = 0, newestId = id } = found.get(reason) ?? {};
        found.set(reason, { count: count + 1, largestBytes: Math.max(largestBytes, bytes), newestId });
      }
      const last = letters.at(-1);
      if (last === undefined || (letters.length < LETTER_PAGE && hasMore === 0)) break;
      from = `(${last[0]}`;
    }
  } catch {
    return null;
  }
  return found;
}

function reasonOf(fields: readonly string[]): string {
  const at = fields.findIndex((field, index) => index % 2 === 0 && field === '_dlq_reason');
  return at === -1 ? '' : (fields[at + 1] ?? '');
}

async function longestPresences(
  { home, names }: ServiceAccess,
  clock: Clock,
  consumers: readonly ConsumerStatus[],
): Promise<Map<string, number>> {
  const longest = new Map<string, number>();
  for (const { name, presenceMs } of consumers) if (presenceMs !== null) longest.set(name, presenceMs);
  // One alone has nobody to differ from.
  for (let look = 1; look < LOOKS && longest.size > 1; look += 1) {
    await new Promise<void>((resolve) => clock.setTimeout(resolve, APART_MS));
    for (const name of longest.keys()) {
      const ttl = await home.run('PTTL', (client) => client.pttl(names.presence(name)));
      longest.set(name, Math.max(longest.get(name) ?? 0, ttl));
    }
  }
  return longest;
}

type Pending = readonly (readonly [id: string, consumer: string, idle: number, deliveries: number])[];

/** Of those that own an entry of the sample: whether the entry's lock key is there. */
async function lockKeepers(access: ServiceAccess): Promise<Map<string, boolean>> {
  const {
    home,
    names: { lbs, group },
  } = access;
  const page = async () =>
    (await home.run('XPENDING', (client) => client.xpending(lbs, group, '-', '+', SAMPLE))) as Pending;
  const looked = await Promise.all(
    (await page()).map(async ([id]) => [id, await hasLock(access, id)] as const),
  );
  const found = new Map(looked);
  const keepers = new Map<string, boolean>();
  // What was finished meanwhile has lost its lock rightly.
  for (const [id, consumer] of await page()) {
    const isLocked = found.get(id);
    if (isLocked !== undefined && isLocked !== null)
      keepers.set(consumer, isLocked || keepers.get(consumer) === true);
  }
  return keepers;
}

/** Null for an entry that nobody owns: one that waits for its name, say; and where the lock could not be asked for. */
async function hasLock({ home, names, group }: ServiceAccess, id: string): Promise<boolean | null> {
  const [entry] = await home.run('XRANGE', (client) => client.xrange(names.lbs, id, id));
  const parsed = entry === undefined ? undefined : parseEntry({ id, fields: entry[1] });
  if (!parsed?.ok) return null;
  const { name } = parsed.announcement;
  if ((await home.run('HGET', (client) => client.hget(names.owners, name))) !== id) return null;
  const [ttl] = await group.timesToLive([names.lock(name, id)]);
  return typeof ttl === 'number' ? ttl !== -2 : null;
}
