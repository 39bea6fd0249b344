import { expect } from 'chai';
import { Seam } from '../../src/core/seam.js';
import { News } from '../../src/inspector/news.js';
import { filteredNews, newsKinds } from '../../src/inspector/page/model/news-filter.js';
import { newsWords } from '../../src/inspector/page/model/news-words.js';
import type { NewsItem } from '../../src/inspector/protocol.js';
import { Ticks } from '../../src/inspector/second.js';
import type { Overview } from '../../src/runtime/snapshot.js';
import { eventually } from '../support/eventually.js';
import { manualClock } from '../support/manual-clock.js';

type Lost = Extract<NewsItem, { type: 'lost' }>;

describe('news of losses', () => {
  const kept: News[] = [];
  afterEach(() => {
    for (const news of kept.splice(0)) news.close();
  });

  function made(ownersOf: (names: readonly string[]) => Promise<(string | null)[]>) {
    const seam = new Seam((error) => {
      throw error;
    });
    const heard: NewsItem[] = [];
    const news = new News(seam, manualClock(), (item) => heard.push(item), ownersOf);
    kept.push(news);
    const lose = (name: string, reason = 'takenOver') =>
      seam.emit('lost', { reason, name, id: `${name}-id` });
    return { news, heard, lose };
  }

  it('name the streams, and who has each a moment later, in one item within bounds', async () => {
    let asked: readonly string[] = [];
    const { news, heard, lose } = made(async (names) => {
      asked = names;
      return names.map((name) => (name === 'order-1' ? null : 'heir~2'));
    });
    for (let n = 0; n < 60; n += 1) lose(n === 2 ? 'x'.repeat(1_000) : `order-${n}`);
    lose('other', 'entryGone');
    await eventually('both are told', () => heard.length === 2);
    const item = heard.find((one): one is Lost => one.type === 'lost' && one.reason === 'takenOver');
    expect(item?.count).to.equal(60);
    expect(item?.streams).to.have.length(50);
    expect(item?.streams[0]).to.deep.equal({ name: 'order-0', id: 'order-0-id', owner: 'heir~2' });
    expect(item?.streams[1]?.owner).to.equal(null);
    expect(item?.streams[2]?.name).to.have.length(256);
    expect(asked).to.have.length.at.most(50);
    expect(newsWords(item as Lost).words).to.match(
      /^60 streams \(takenOver\): order-0, order-1, x+… and 57 more$/,
    );
    expect(news.items).to.deep.equal(heard);
  });

  it('are told without owners where Redis cannot be asked, and not at all once nobody wants them', async () => {
    const { heard, lose } = made(() => Promise.reject(new Error('down')));
    lose('order-7');
    await eventually('it is told', () => heard.length === 1);
    expect((heard[0] as Lost).streams).to.deep.equal([{ name: 'order-7', id: 'order-7-id', owner: null }]);
    let answer: (owners: null[]) => void = () => {};
    const closed = made(() => new Promise((resolve) => (answer = resolve)));
    closed.lose('order-8');
    await eventually('Redis is asked', () => {
      closed.news.close();
      answer([null]);
      return true;
    });
    expect(closed.heard).to.deep.equal([]);
  });

  it('are found by kind, by stream and by owner', () => {
    const lost: NewsItem = {
      at: 1,
      type: 'lost',
      reason: 'takenOver',
      count: 5,
      streams: ['order-1', 'order-2', 'order-3', 'order-4', 'Order-7'].map((name) => ({
        name,
        id: '1-0',
        owner: 'heir',
      })),
    };
    const healed: NewsItem = { at: 2, type: 'childHealed', child: 'reconciler' };
    const news = [lost, healed, healed];
    expect(newsKinds(news)).to.deep.equal([
      ['lost', 1],
      ['healed', 2],
    ]);
    const places = (kind: string, about: string) =>
      filteredNews(news, { kind, about }).map(({ place }) => place);
    expect(places('', '')).to.deep.equal([0, 1, 2]);
    expect(places('healed', '')).to.deep.equal([1, 2]);
    // Also a stream that the words do not name.
    expect(places('', 'order-7')).to.deep.equal([0]);
    expect(places('', 'heir')).to.deep.equal([0]);
    expect(places('healed', 'order-7')).to.deep.equal([]);
  });
});

describe('the seconds of a lease', () => {
  it('have the least that it held for, not what it held for when the clock ticked', () => {
    const ticks = new Ticks();
    const overview = (validUntil: number | null) =>
      ({ lease: { certain: true, validUntil } }) as unknown as Overview;
    const facts = { loopDelay: { max: 0, p50: 0 }, memory: { rss: 0, heapUsed: 0 } };
    // Answered at 1900, a tenth of a second before it would have run out.
    ticks.beat(1_900, 2_000);
    expect(ticks.add(2_000, overview(3_900), facts)).to.include({ leaseLeftMs: 1_900, leaseLeastMs: 100 });
    expect(ticks.add(3_000, overview(3_900), facts)).to.include({ leaseLeftMs: 900, leaseLeastMs: 900 });
    // Frozen: overdue when it was answered, and fine again when the clock ticked.
    ticks.beat(8_500, 3_900);
    expect(ticks.add(8_600, overview(10_500), facts)).to.include({
      leaseLeftMs: 1_900,
      leaseLeastMs: -4_600,
    });
    ticks.beat(9_000, null);
    expect(ticks.add(9_600, overview(null), facts)).to.include({ leaseLeftMs: null, leaseLeastMs: null });
  });
});
