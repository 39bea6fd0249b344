/** What happened of late, the latest first. Losses unfold: which streams, and who had each a moment later. */
import type { NewsItem } from '../../protocol.js';
import { clockTime, plural } from '../model/format.js';
import { filteredNews, type NewsFilter, newsKinds } from '../model/news-filter.js';
import { newsWords } from '../model/news-words.js';
import { Badge } from '../part/badge.js';
import { Breakable } from '../part/breakable.js';
import { Empty, Panel } from '../part/panel.js';
import { actorHash, hrefOf, setParams } from '../state/router.js';

const MOST_NEWS = 100;

type Lost = Extract<NewsItem, { type: 'lost' }>;

function LostStreams({ item, words }: { readonly item: Lost; readonly words: string }) {
  const { streams, count } = item;
  return (
    <details>
      <summary>
        <Breakable text={words} />
      </summary>
      <table class="lost-streams">
        <thead>
          <tr>
            <th>Stream</th>
            <th>Owner a moment later</th>
            <th>
              <span class="unseen">Now</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {streams.map(({ name, id, owner }) => (
            <tr key={id}>
              <td class="wrap rest">
                <a href={actorHash(`consumer/ownership/${id}`)}>
                  <Breakable text={name} />
                </a>
              </td>
              <td class="wrap">{owner === null ? <span class="muted">not known</span> : owner}</td>
              <td class="nowrap">
                {!name.endsWith('…') && (
                  <a
                    href={hrefOf({ view: 'fleet', params: { stream: name } })}
                    aria-label={`Who has ${name} now`}
                  >
                    now?
                  </a>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {count > streams.length && <p class="muted">and {plural(count - streams.length, 'further stream')}</p>}
    </details>
  );
}

interface NewsProps {
  readonly news: readonly NewsItem[];
  /** How many there were before the first of these. */
  readonly first: number;
  readonly filter: NewsFilter;
  readonly title?: string;
}

function Filter({ news, filter: { kind, about } }: Pick<NewsProps, 'news' | 'filter'>) {
  return (
    <div class="news-filter chips">
      {newsKinds(news).map(([what, count]) => (
        <button
          key={what}
          type="button"
          class="chip"
          aria-pressed={what === kind}
          onClick={() => setParams({ news: what === kind ? '' : what })}
        >
          {what} <span class="n">{count}</span>
        </button>
      ))}
      <input
        class="field"
        type="search"
        value={about}
        aria-label="News about a stream"
        placeholder="About a stream"
        spellcheck={false}
        onInput={({ currentTarget }) => setParams({ about: currentTarget.value })}
      />
    </div>
  );
}

export function NewsPanel({ news, first, filter, title = 'News' }: NewsProps) {
  const { kind, about } = filter;
  const shown = filteredNews(news, { kind, about });
  const isFiltered = kind !== '' || about !== '';
  return (
    <Panel
      title={title}
      isFlush
      aside={
        news.length > 0 && (
          <span class="muted">
            {isFiltered ? `${shown.length} of ` : ''}
            {plural(news.length, 'item')}
          </span>
        )
      }
    >
      {news.length > 0 && <Filter news={news} filter={filter} />}
      {shown.length === 0 ? (
        <Empty title={isFiltered ? 'No news are like that' : 'Nothing worth telling has happened'} />
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th>When</th>
                <th>What</th>
                <th>Of what</th>
              </tr>
            </thead>
            <tbody>
              {shown
                .slice(-MOST_NEWS)
                .toReversed()
                .map(({ item, place }) => {
                  const { tone, what, words } = newsWords(item);
                  return (
                    <tr key={first + place}>
                      <td class="nowrap mono">{clockTime(item.at)}</td>
                      <td class="nowrap">
                        <Badge tone={tone}>{what}</Badge>
                      </td>
                      <td class="wrap rest">
                        {item.type === 'lost' ? (
                          <LostStreams item={item} words={words} />
                        ) : (
                          <span class="clamp" title={words}>
                            {words}
                          </span>
                        )}
                      </td>
                    </tr>
                  );
                })}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}
