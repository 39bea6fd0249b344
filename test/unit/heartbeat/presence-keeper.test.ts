import { expect } from 'chai';
import { HeartbeatBoard } from '../../../src/heartbeat/board.js';
import { PresenceKeeper, type Prolonged } from '../../../src/heartbeat/presence-keeper.js';
import { type ManualClock, manualClock } from '../../support/manual-clock.js';

const HEARTBEAT_MS = 2000;
const MAX_BLOCKED_MS = 10_000;
/** The loop's beat is waited for so long after it is due. */
const GRACE_MS = 25;

describe('the heartbeat thread', () => {
  let clock: ManualClock;
  let board: HeartbeatBoard;
  let keeper: PresenceKeeper;
  /** Which generation it prolonged, when. */
  let beats: [generation: number, atMs: number][];
  let answer: (generation: number) => Promise<Prolonged>;

  beforeEach(() => {
    clock = manualClock();
    board = new HeartbeatBoard();
    beats = [];
    answer = async () => 'alive';
    keeper = new PresenceKeeper({
      clock,
      board,
      heartbeatMs: HEARTBEAT_MS,
      maxBlockedMs: MAX_BLOCKED_MS,
      prolong(generation) {
        beats.push([generation, clock.monotonic()]);
        return answer(generation);
      },
    });
    keeper.start();
  });
  afterEach(() => keeper.stop());

  /** Answers are heard in between. */
  async function pass(ms: number): Promise<void> {
    for (let at = 0; at < ms; at += 5) {
      clock.advance(Math.min(5, ms - at));
      for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
    }
  }

  /** A beat of the event loop, answered at once. */
  function loopBeats(generation = 1): void {
    board.live(clock.monotonic());
    board.want(generation, clock.monotonic());
  }

  /** Connects, and finds that it can. */
  async function settled(): Promise<void> {
    loopBeats();
    await pass(600);
    expect(beats).to.have.length(1);
    beats = [];
  }

  it('does nothing before the loop has a lease, and tries its connection as soon as it has one', async () => {
    await pass(5000);
    expect(beats).to.deep.equal([]);
    loopBeats();
    await pass(HEARTBEAT_MS / 4);
    expect(beats.map(([generation]) => generation)).to.deep.equal([1]);
  });

  it('leaves the beats to a loop that is in time, but for a trial now and then', async () => {
    await settled();
    for (let second = 0; second < 20; second += 1) {
      loopBeats();
      await pass(HEARTBEAT_MS / 2);
    }
    expect(beats.length).to.be.within(1, 3);
  });

  it('beats in the place of a loop that is late, every half heartbeat [C-THR-1]', async () => {
    loopBeats();
    await pass(600);
    const [, first] = beats[0] as [number, number];
    await pass(5000);
    const gaps = beats.slice(1).map(([, at], index) => at - (beats[index]?.[1] as number));
    for (const gap of gaps) expect(gap).to.be.within(HEARTBEAT_MS / 2, HEARTBEAT_MS / 2 + GRACE_MS + 10);
    expect(beats.length).to.be.at.least(5);
    expect(board.latenessMs).to.be.at.most(GRACE_MS + 10);
    expect(board.keptAt(1)?.monotonic).to.be.above(first);
    expect(board.keptAt(2)).to.equal(undefined);
  });

  it('lets the lease run out once the loop has been late for maxBlockedMs [C-THR-3]', async () => {
    await settled();
    await pass(MAX_BLOCKED_MS + 2 * HEARTBEAT_MS);
    const [, last] = beats.at(-1) as [number, number];
    expect(last).to.be.within(MAX_BLOCKED_MS - HEARTBEAT_MS / 2, MAX_BLOCKED_MS + HEARTBEAT_MS / 2 + 50);
    const count = beats.length;
    await pass(MAX_BLOCKED_MS);
    expect(beats).to.have.length(count);
    // The loop is back.
    loopBeats();
    await pass(HEARTBEAT_MS);
    expect(beats.length).to.be.above(count);
  });

  it('keeps nothing of a generation that stands no more, until the loop has raised another one [C-THR-2]', async () => {
    answer = async () => 'over';
    await pass(10);
    loopBeats();
    await pass(6000);
    expect(beats).to.have.length(1);
    expect(board.keptAt(1)).to.equal(undefined);
    answer = async () => 'alive';
    loopBeats(2);
    await pass(HEARTBEAT_MS);
    expect(beats.at(-1)?.[0]).to.equal(2);
  });

  it('keeps nothing that the loop does not want', async () => {
    await settled();
    board.unwant();
    await pass(10 * HEARTBEAT_MS);
    expect(beats).to.deep.equal([]);
  });

  it('tries again while nobody answers, and counts what it was answered from when it asked [C-THR-5]', async () => {
    await settled();
    answer = () => Promise.reject(new Error('no answer'));
    await pass(HEARTBEAT_MS);
    expect(beats.length).to.be.at.least(5);
    let settle = (_: Prolonged) => {};
    answer = () =>
      new Promise((resolve) => {
        settle = resolve;
      });
    await pass(200);
    const [, asked] = beats.at(-1) as [number, number];
    await pass(300);
    settle('alive');
    await pass(5);
    expect(board.keptAt(1)?.monotonic).to.equal(asked);
  });

  it('speaks of the clock that both sides share', () => {
    const loop = new HeartbeatBoard(undefined, 1000);
    const thread = new HeartbeatBoard(loop.memory);
    loop.want(3, 500);
    expect(thread.wanted).to.equal(3);
    expect(thread.beatenAt(3)).to.equal(1500);
    thread.keep(3, { monotonic: 2500, wall: 7 }, 12.5);
    expect(loop.keptAt(3)).to.deep.equal({ monotonic: 1500, wall: 7 });
    expect(loop.beats).to.equal(1);
    expect(loop.latenessMs).to.equal(12.5);
  });
});
