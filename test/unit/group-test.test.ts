/**
 * The group test by itself, without Redis and runtimes: processes that follow one another begin suspects in the order of the queue, and die of a poison that
 * is among them. What a death makes of each is what `scripts/lib/marks.lua` says, in the words of the simulation's ledger.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { nextTrial } from '../../simulate/invariants/suspects.js';
import { SuspectQueue } from '../../src/actors/intake/suspect-queue.js';
import { markOf, type Trial, toTrial } from '../../src/redis/marks.js';

const PROVEN_AFTER_MS = 60_000;
const FIRST: Trial = { window: 1, among: 0 };

interface Begun {
  readonly trial: Trial;
  readonly atMs: number;
}

function windowMs({ window }: Trial): number {
  return Math.min(PROVEN_AFTER_MS, 1_000 * 4 ** (window - 1));
}

class Crowd {
  readonly #fuses: ReadonlyMap<string, number>;
  /** What is a suspect still. */
  readonly #suspects: Map<string, Trial>;
  readonly convicted: string[] = [];
  deaths = 0;

  constructor(ids: readonly string[], fuses: ReadonlyMap<string, number>) {
    this.#fuses = fuses;
    this.#suspects = new Map(ids.map((id) => [id, FIRST]));
  }

  /** One process: until it dies, or everything is proven. */
  live(): void {
    const queue = new SuspectQueue();
    for (const [id, trial] of this.#suspects) queue.add({ entry: { id, fields: [] }, trial, since: 0 });
    const begun = new Map<string, Begun>();
    let now = 0;
    let diesAt = Number.POSITIVE_INFINITY;
    for (
      let group = queue.next(false);
      group !== undefined && now < diesAt;
      group = queue.next(begun.size > 0)
    ) {
      for (const { entry } of group.suspects) {
        queue.delete(entry.id);
        begun.set(entry.id, { trial: group.trial, atMs: now });
        diesAt = Math.min(diesAt, now + (this.#fuses.get(entry.id) ?? Number.POSITIVE_INFINITY));
      }
      now += windowMs(group.trial);
    }
    if (diesAt === Number.POSITIVE_INFINITY) this.#suspects.clear();
    else this.#die(begun, diesAt);
  }

  #die(begun: ReadonlyMap<string, Begun>, diesAt: number): void {
    this.deaths += 1;
    for (const [id, { trial, atMs }] of begun) {
      if (diesAt - atMs >= PROVEN_AFTER_MS) {
        this.#suspects.delete(id);
        continue;
      }
      const among = diesAt - atMs < windowMs(trial) ? trial.among : 0;
      const next = nextTrial({
        owner: '',
        retryCount: 0,
        mark: markOf({ ...trial, among }),
        trial: markOf(trial),
      });
      if (next !== undefined) {
        this.#suspects.set(id, toTrial(next));
        continue;
      }
      this.#suspects.delete(id);
      this.convicted.push(id);
    }
  }

  get isOver(): boolean {
    return this.#suspects.size === 0;
  }
}

/** @param fuses how long each poison takes to kill, in milliseconds, and where it stands among the others: a share */
function fateOf(innocents: number, fuses: readonly (readonly [ms: number, at: number])[]) {
  const ids = Array.from({ length: innocents + fuses.length }, (_, n) => `1-${n + 1}`);
  const poisons = new Map<string, number>();
  for (const [ms, at] of fuses) {
    const free = ids.filter((id) => !poisons.has(id));
    poisons.set(free[Math.floor(at * free.length)] as string, ms);
  }
  const crowd = new Crowd(ids, poisons);
  // The last one finds nobody guilty any more.
  for (let lives = 0; !crowd.isOver && lives < 500; lives += 1) crowd.live();
  return { crowd, poisons: [...poisons.keys()] };
}

const share = fc.double({ min: 0, max: 0.999, noNaN: true });
const fuse = fc.oneof(fc.integer({ min: 1, max: 900 }), fc.integer({ min: 1, max: PROVEN_AFTER_MS - 1_000 }));

describe('the group test', () => {
  it('finds one poison among any number of others, whatever it takes to kill, and convicts nobody else [C-POI-11]', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 400 }), fuse, share, (innocents, ms, at) => {
        const { crowd, poisons } = fateOf(innocents, [[ms, at]]);
        expect(crowd.isOver).to.equal(true);
        expect(crowd.convicted).to.deep.equal(poisons);
      }),
      { numRuns: 200 },
    );
  });

  it('takes six deaths for one that is quick, among 1,000', () => {
    for (const at of [0, 0.3, 0.999]) expect(fateOf(1_000, [[100, at]]).crowd.deaths).to.be.at.most(6);
  });

  it('finds several that are quick, and convicts at most two others with each [C-POI-11]', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 300 }),
        fc.array(fc.tuple(fc.integer({ min: 1, max: 900 }), share), { minLength: 2, maxLength: 5 }),
        (innocents, fuses) => {
          const { crowd, poisons } = fateOf(innocents, fuses);
          expect(crowd.isOver).to.equal(true);
          expect(crowd.convicted).to.include.members(poisons);
          expect(crowd.convicted.length).to.be.at.most(3 * poisons.length);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('lets go of what kills later than provenAfterMs: it is proven by then [C-EXP-8]', () => {
    const { crowd } = fateOf(10, [[PROVEN_AFTER_MS + 5_000, 0.5]]);
    expect(crowd.convicted).to.deep.equal([]);
  });
});
