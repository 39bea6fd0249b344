/** One life of a group, told by every script there is: what each replies, and what Redis holds after it. */
import { systemClock } from '../../src/core/clock.js';
import { prolongCall } from '../../src/heartbeat/prolong-call.js';
import { ensureEntries } from '../../src/redis/announcing.js';
import { cancelStreams } from '../../src/redis/cancelling.js';
import { createClaims } from '../../src/redis/claims.js';
import { createDeadLetterQueue, type DeadLetterQueue } from '../../src/redis/dead-letter-queue.js';
import { addDelayed, createDelayedStore } from '../../src/redis/delaying.js';
import { encodePayload } from '../../src/redis/entry.js';
import { readEntries } from '../../src/redis/entry-reader.js';
import { ON_ONE_SERVER } from '../../src/redis/layout.js';
import type { EntryRef, LeaseSettings } from '../../src/redis/lease-store.js';
import { ALONE, markOf, NOT_BEGUN, PROVEN } from '../../src/redis/marks.js';
import { createParkedStore, pauseStreams } from '../../src/redis/parking.js';
import { SCRIPTS, type ScriptName } from '../../src/redis/scripts.js';
import { createStranded } from '../../src/redis/stranded.js';
import { aRound, memberRecord } from './member-record.js';
import { Masks, pictureOf } from './redis-picture.js';
import { type ScriptSet, withScripts } from './script-set.js';
import { ALL_OF_IT } from './take-request.js';
import type { Wire, WireConsumer } from './wire.js';

export interface PlayedStep {
  readonly what: string;
  /** Its result, or the code of its error, and what Redis holds from then on. */
  readonly seen: readonly string[];
}

type Scripts = ScriptSet['scripts'];

const APART: Partial<LeaseSettings> = { dlqIsLocal: false, maxRetries: 0 };

/**
 * @param scripts what each script is in this play; the others are today's
 * @returns the steps, and the scripts that were sent in them
 */
export async function play(
  wire: Wire,
  scripts: Scripts,
): Promise<{ steps: PlayedStep[]; sent: Set<ScriptName> }> {
  const sent = new Set<ScriptName>();
  const watched = Object.entries({ ...SCRIPTS, ...scripts }).map(([name, script]) => {
    const telling = {
      ...script,
      get sha() {
        sent.add(name as ScriptName);
        return script.sha;
      },
    };
    return [name, telling] as const;
  });
  const steps = await withScripts(Object.fromEntries(watched), () => new Play(wire).run());
  return { steps, sent };
}

class Play {
  readonly #wire: Wire;
  readonly #masks = new Masks();
  readonly #steps: PlayedStep[] = [];

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  async run(): Promise<PlayedStep[]> {
    const { redis, names } = this.#wire;
    await redis().flushall();
    // Ids of letters are then none that an entry can have.
    await redis().xdel(names.dlq, String(await redis().xadd(names.dlq, '9000000000000-0', 'none', '')));
    try {
      await this.#live();
    } catch (error) {
      // What a script left undone can make all that follows impossible.
      this.#steps.push({ what: 'it ends before its time', seen: [String(error)] });
    }
    return this.#steps;
  }

  async #live(): Promise<void> {
    await this.#step('a group is made', () => this.#wire.stranger('any').group.create());
    await this.#owning();
    await this.#ending();
    await this.#taking();
    await this.#claiming();
    await this.#lettersApart();
    await this.#newcomers();
    await this.#delaying();
    await this.#parking();
    await this.#saving();
    await this.#removing();
    await this.#leaving();
  }

  /** As the heartbeat thread of a consumer does. */
  async #prolong({ name }: WireConsumer, generation: number): Promise<unknown> {
    const { commands, names } = this.#wire;
    const { keys, args } = prolongCall(names, name, 60_000);
    return await commands().script('prolong', keys, [generation, ...args]);
  }

  async #step<T>(what: string, act: () => Promise<T>): Promise<T> {
    let result: T | undefined;
    let said: unknown;
    try {
      result = await act();
      said = result;
    } catch (error) {
      said = `error ${(error as { code?: string }).code ?? error}`;
    }
    const picture = await pictureOf(this.#wire.redis(), this.#masks);
    this.#steps.push({ what, seen: [`replied ${this.#masks.text(said ?? null)}`, ...picture] });
    return result as T;
  }

  /** A consumer that holds what is waiting. */
  async #owner(name: string, settings?: Partial<LeaseSettings>): Promise<[WireConsumer, EntryRef[]]> {
    const consumer = this.#wire.stranger(name, settings);
    await this.#step(`${name} is there`, () => consumer.lease.raise(1));
    const batch = await consumer.read();
    await this.#step(`${name} acquires`, () => consumer.lease.acquire(batch));
    return [consumer, batch];
  }

  #queue(dlqIsLocal: boolean): DeadLetterQueue {
    const { names, commands } = this.#wire;
    return createDeadLetterQueue({
      names,
      home: commands(),
      letters: commands(),
      layout: { dlqIsLocal },
      clock: systemClock,
      timeoutMs: 5_000,
    });
  }

  async #owning(): Promise<void> {
    const { announce, names, stranger } = this.#wire;
    await announce('one', 'traceparent', 'kept');
    await announce('two', '_retry_count', '1');
    const [a, held] = await this.#owner('a~00000001');
    await this.#step('a looks for the dead', async () => {
      const { dead, isWatchedThere } = await a.group.findDead({
        turnMs: 1000,
        most: 10,
        watched: 'a~00000001',
        suspects: ['b~00000002'],
      });
      return [dead.map(({ name }) => name), isWatchedThere];
    });
    await this.#step('and for what is pending for it', () => a.group.countPending(['b~00000002']));
    await this.#step('a beats', () => a.lease.refresh());
    await this.#step('the thread of a beats', () => this.#prolong(a, 1));
    await this.#step('and under another generation', () => this.#prolong(a, 2));
    let token = '';
    await this.#step('a begins a round of balancing', async () => {
      const round = await a.fleet.beginRound(memberRecord(), 60_000);
      token = round?.token ?? '';
      return [round?.length, round?.members.map(({ name }) => name)];
    });
    await this.#step('a ends it', () =>
      a.fleet.endRound(token, aRound(), new Map([['b~00000002', { number: 1, count: 2, at: 0 }]])),
    );
    await this.#step('a takes its part', async () => {
      const { allowed, part, entries } = await a.taking.take(ALL_OF_IT);
      return [allowed, part, entries];
    });
    await this.#step('a beats again', () => a.lease.refresh(JSON.stringify(memberRecord({ owned: 2 }))));
    await this.#step('a acquires again', () => a.lease.acquire(held));
    const locks = held.map(({ id, name }) => names.lock(name, id));
    await this.#step('a takes locks', () => a.locks.take(locks));
    await this.#step('another takes them', () => stranger('b~00000002').locks.take(locks));
    await this.#step('a prolongs them', () => a.locks.extend([...locks, 'none']));
    await this.#step('another releases them', () => stranger('b~00000002').locks.release(locks));
    await announce('one');
    const b = await this.#wire.join('b~00000002');
    const waiting = await b.read();
    await this.#step('a waiter waits', () => b.lease.giveBack('waiting', waiting));
    await this.#step('one is done', () => a.lease.done(held.slice(0, 1)));
    await this.#step('its lock goes', () => a.locks.release(locks.slice(0, 1)));
    await this.#step('the waiter is given back', () => b.lease.giveBack('waiting', waiting));
    await this.#step('two is handed over', () => a.lease.giveBack('handOver', held.slice(1)));
    await this.#step('two is done too late', () => a.lease.done(held.slice(1)));
  }

  async #ending(): Promise<void> {
    const { redis, names, stranger } = this.#wire;
    const [c, held] = await this.#owner('c~00000003', { maxRetries: 1 });
    await this.#step('c fails', () => c.lease.giveBack('failed', held));
    await redis().xadd(names.lbs, '*', 'lbs-input', 'none', 'more', 'kept');
    const broken = await c.read();
    const unparsed = broken.filter(({ name }) => name === '');
    await this.#step('c cannot read it', () => c.lease.giveBack('unparseable', unparsed));
    const rest = broken.filter(({ name }) => name !== '');
    await this.#step('c acquires the rest', () => c.lease.acquire(rest));
    for (const { id } of rest) await redis().xdel(names.lbs, id);
    await this.#step('their payload is gone', () => c.lease.giveBack('handOver', rest));
    const queue = this.#queue(true);
    const { letters } = await queue.list(10, null);
    const named = letters.flatMap(({ id, name }) => (name === null ? [] : [id]));
    await this.#step('letters are redriven', () => queue.redrive([...named, '1-1']));
    await this.#step('a command too late', async () => {
      await stranger(c.name).lease.raise(2);
      return await c.lease.done(rest);
    });
    await this.#step('a beat too late', () => c.lease.refresh());
    await this.#step('an old generation', () => c.lease.raise(2));
  }

  async #taking(): Promise<void> {
    const { announce, names, redis } = this.#wire;
    await announce('three');
    await announce('four', '_retry_count', '3');
    const [d, held] = await this.#owner('d~00000004');
    const unread = await announce('five');
    await d.read();
    await this.#step('what it has not begun with is held back', () => d.lease.mark([unread], NOT_BEGUN));
    await this.#step('and begun with', () => d.lease.mark([unread], ALONE));
    const all = [...held, { id: unread, name: 'five' }];
    const heir = this.#wire.stranger('e~00000005');
    const take = (lockKeys: readonly string[] = []) =>
      heir.group.requeue(d.name, all, { minIdleMs: 0, spendAlways: false, lockKeys });
    await this.#step('the living is let alone', () => take());
    await this.#step('all is read', () =>
      readEntries(heir.entries, [...all.map(({ id }) => id), '1-1'], 1000),
    );
    await d.vanish();
    await this.#step('a command without presence', () => d.lease.acquire(held));
    const locks = all.map(({ id, name }) => names.lock(name, id));
    await redis().set(locks[0] as string, 'somebody');
    await this.#step('the dead is taken from, but for what is locked', () => take(locks));
    await redis().del(locks[0] as string);
    await this.#step('all is taken', () => take());
    await this.#step('the dead is forgotten', () => heir.group.forget(d.name));
    await this.#marking(heir);
  }

  /** What is proven, what is begun alone, and what as one of several. */
  async #marking(heir: WireConsumer): Promise<void> {
    const [j, held] = await this.#owner('j~0000000a');
    const ids = held.map(({ id }) => id);
    await this.#step('one is proven', () => j.lease.mark(ids.slice(0, 1), PROVEN));
    await this.#step('the others are suspects', () =>
      j.lease.mark(ids.slice(1), markOf({ window: 1, among: 8 })),
    );
    await j.vanish();
    await this.#step('they are taken', () =>
      heir.group.requeue(j.name, held, { minIdleMs: 0, spendAlways: false, lockKeys: [] }),
    );
    await this.#step('j is forgotten', () => heir.group.forget(j.name));
  }

  async #claiming(): Promise<void> {
    const { announce, names, commands, stranger } = this.#wire;
    await announce('six');
    const [holder, held] = await this.#owner('h~00000008');
    const { group, entries } = stranger('operator');
    const claims = createClaims({
      names,
      layout: ON_ONE_SERVER,
      commands: commands(),
      group,
      entries,
      caller: 'operator',
    });
    const id = held[0]?.id ?? '';
    await this.#step('an operator does not claim from the living', () => claims.claim(id, false));
    await this.#step('but if he insists', () => claims.claim(id, true));
    await this.#step('its holder is told', () => holder.lease.refresh());
    await holder.vanish();
    await this.#step('a beat without presence', () => holder.lease.refresh());
    await holder.vanish();
  }

  async #lettersApart(): Promise<void> {
    const [f, held] = await this.#owner('f~00000006', APART);
    await this.#step('f fails, and its letters are due', () => f.lease.giveBack('failed', held));
    const due = await this.#step('they are claimed', () =>
      f.due.claim('max_retries_exceeded', held, 0, undefined),
    );
    const { letters } = due;
    const added = await this.#step('they are written', () =>
      f.deadLetters.add(letters.map(({ fields }) => fields)),
    );
    const written = letters.map((letter, index) => ({
      ...letter,
      copyId: (added[index] as { id: string }).id,
    }));
    await this.#step('they are finished', () => f.due.finish('max_retries_exceeded', written));
    const queue = this.#queue(false);
    const [letter] = (await queue.list(1, null)).letters;
    await this.#step('one is redriven', () => queue.redrive([letter?.id ?? '']));
  }

  /** Scripts that the release has not got: what they leave is for the others to find. */
  async #newcomers(): Promise<void> {
    const { announce, names, redis, commands } = this.#wire;
    await announce('seven');
    const [i, held] = await this.#owner('i~00000009');
    const ensure = (...streams: string[]) =>
      ensureEntries(
        commands(),
        names,
        streams.map((name) => ({ name, payload: encodePayload(name) })),
      );
    await this.#step('what i holds is ensured, and what nobody has', () => ensure('seven', 'eight'));
    await this.#step('what i holds is appended to', () =>
      ensureEntries(commands(), names, [{ name: 'seven', payload: '{}' }], { wakes: true }),
    );
    await this.#step('i hears of it', async () => {
      await i.lease.refresh();
      return [i.lease.touchesHeard(), await i.lease.touches(held.map(({ id }) => id))];
    });
    const touched = held.map((ref) => ({ ...ref, ifTouches: 0 }));
    await this.#step('it does not finish what was touched', () => i.lease.done(touched));
    for (const { id } of await i.read()) await redis().xack(names.lbs, names.group, id);
    await this.#step('what is remembered of it is pruned', () => i.group.pruneAnnounced());
    await this.#step('what i holds is touched', () => i.lease.touch('-', 100, 60_000));
    await this.#step('its payloads are looked for', async () => {
      const { gone } = await i.group.payloads(held.map(({ id }) => id));
      return gone;
    });
    await redis().xgroup('DELCONSUMER', names.lbs, names.group, i.name);
    await this.#step('what there is is counted', () => i.group.balance());
    const stranded = createStranded(commands(), names);
    const lost: string[] = [];
    for await (const page of stranded.pages()) lost.push(...page);
    await this.#step('what it leaves behind is announced anew', () => stranded.adopt(lost));
    await i.vanish();
    await this.#step('it is forgotten among others', () => i.group.forgetAll([i.name, 'nobody~00000000']));
  }

  /** What is given out later, and what is cancelled: scripts that the release has not got, among those that it has. */
  async #delaying(): Promise<void> {
    const { announce, names, commands, historyKey } = this.#wire;
    await announce('nine');
    await announce('ten');
    const [k, held] = await this.#owner('k~0000000b');
    const [first, second] = [held.slice(0, 1), held.slice(1, 2)];
    await this.#step('k delays one', () => k.lease.delay(first, 0));
    const later = (name: string, delayMs: number) =>
      addDelayed(commands(), names, [{ name, payload: encodePayload(name), delayMs }], undefined);
    await this.#step('a producer delays another', () => later('eleven', 0));
    await this.#step('and a third', () => later('twelve', 3_600_000));
    const delayed = createDelayedStore(commands(), names, { consumer: k.name, historyKey });
    await this.#step('what is due is given out', async () => (await delayed.end()).count);
    await this.#step('what waits, is delayed, is owned and is not there is cancelled', () =>
      cancelStreams(commands(), names, ['eleven', 'twelve', 'ten', 'none']),
    );
    await this.#step('k hears of it', async () => {
      await k.lease.refresh();
      return [k.lease.cancelsHeard(), await k.lease.cancelled(second.map(({ id }) => id))];
    });
    await this.#step('and finishes it', () => k.lease.done(second));
    await k.vanish();
  }

  /** What waits aside for its name, and what is paused. */
  async #parking(): Promise<void> {
    const { announce, names, commands, historyKey } = this.#wire;
    await announce('thirteen');
    const [l, held] = await this.#owner('l~0000000c');
    await announce('thirteen');
    await announce('thirteen');
    const twins = await l.read();
    await this.#step('the others of its name are read', () => l.lease.acquire(twins));
    await announce('thirteen');
    await this.#step('more of its name is put aside unread', () => l.lease.parkAhead(128));
    await this.#step('l beats', async () => {
      await l.lease.refresh();
      return l.lease.parkedHeard();
    });
    await this.#step('its name is paused', () => pauseStreams(commands(), names, 'pause', ['thirteen']));
    await this.#step('l finishes it', () => l.lease.done(held));
    await this.#step('its name is resumed', () => pauseStreams(commands(), names, 'resume', ['thirteen']));
    const parked = createParkedStore(commands(), names, { consumer: l.name, historyKey });
    await this.#step('what is free is found', () => parked.unpark(undefined));
    await announce('fourteen');
    const next = await l.read();
    await this.#step('l owns the next', () => l.lease.acquire(next));
    await this.#step('and hands it over', () => l.lease.giveBack('handOver', next));
    await this.#step('turns are pruned', () => parked.pruneTurns());
    await this.#step('all of them are cancelled', () => cancelStreams(commands(), names, ['thirteen']));
    await l.vanish();
  }

  /** How far owners have come. */
  async #saving(): Promise<void> {
    const { announce, names, commands } = this.#wire;
    for (const name of ['fifteen', 'sixteen', 'seventeen']) await announce(name);
    const [m, held] = await this.#owner('m~0000000d');
    const save = (consumer: WireConsumer, batch: readonly EntryRef[], number: number, value: number) =>
      consumer.checkpoints.save(batch.map((ref) => ({ ...ref, number, json: `{"v":${value}}` })));
    await this.#step('m saves', () => save(m, held, 2, 2));
    await this.#step('one that comes late takes nothing back', () => save(m, held.slice(0, 1), 1, 1));
    await this.#step('another one saves nothing', async () =>
      save(await this.#wire.join('n~0000000e'), held, 9, 9),
    );
    await this.#step('one is done', () =>
      m.lease.done(held.slice(0, 1).map((ref) => ({ ...ref, isClearing: true }))),
    );
    await this.#step('another one too, and what is saved of it stays', () => m.lease.done(held.slice(1, 2)));
    await this.#step('one is handed over', () => m.lease.giveBack('handOver', held.slice(2)));
    const next = await m.read();
    await this.#step('it is given with what was saved', () => m.lease.acquire(next));
    await this.#step('it is cancelled', () => cancelStreams(commands(), names, ['seventeen']));
    await this.#step('nothing is saved of it any more', () => save(m, next, 3, 3));
    await this.#step('what is kept is pruned', () => m.checkpoints.prune(-60_000));
    await m.lease.done(next);
    await m.vanish();
    await this.#wire.stranger('n~0000000e').vanish();
    await announce('eighteen');
  }

  /** A data stream that has come to its end. */
  async #removing(): Promise<void> {
    const { redis, commands } = this.#wire;
    for (const id of ['1-1', '1-2']) await redis().xadd('a data stream', id, 'n', '1');
    const remove = (last: string) => commands().script('remove-data', ['a data stream'], [last]);
    await this.#step('something has come behind its end', () => remove('1-1'));
    await this.#step('nothing has', () => remove('1-2'));
    await this.#step('it is gone already', () => remove('1-2'));
  }

  async #leaving(): Promise<void> {
    const { names, redis, commands } = this.#wire;
    const [g, held] = await this.#owner('g~00000007');
    for (const { id } of held) await redis().xack(names.lbs, names.group, id);
    await this.#step('records are pruned', async () => (await g.group.pruneOwners()).cleared);
    await this.#step('g leaves', () => g.lease.leave());
    await this.#step('all is tried', () =>
      commands().script('probe', [names.lbs, names.dlq, names.scratch('g')], [names.group, 1, 1]),
    );
  }
}
