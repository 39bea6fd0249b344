/** Which news are shown: of one kind, or about one stream, consumer or child. */
import type { NewsItem } from '../../protocol.js';
import { newsWords } from './news-words.js';

export interface NewsFilter {
  /** As `newsWords` calls it; '': all. */
  readonly kind: string;
  /** A text; '': whatever. */
  readonly about: string;
}

/** As the address has it. */
export function newsFilterOf({ news = '', about = '' }: Readonly<Record<string, string>>): NewsFilter {
  return { kind: news, about };
}

/** With the number of their news, those that there are most of last. */
export function newsKinds(news: readonly NewsItem[]): readonly (readonly [kind: string, count: number])[] {
  const counts = new Map<string, number>();
  for (const item of news) {
    const { what } = newsWords(item);
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => a - b);
}

/** Whether a text, such as the name of a stream, is in it. */
function isAbout(item: NewsItem, about: string): boolean {
  const sought = about.toLowerCase();
  const named = item.type === 'lost' ? item.streams.flatMap(({ name, owner }) => [name, owner ?? '']) : [];
  return [newsWords(item).words, ...named].some((text) => text.toLowerCase().includes(sought));
}

/** Each with its place among all, which names it. */
export function filteredNews(
  news: readonly NewsItem[],
  { kind, about }: NewsFilter,
): readonly { readonly item: NewsItem; readonly place: number }[] {
  return news
    .map((item, place) => ({ item, place }))
    .filter(
      ({ item }) => (kind === '' || newsWords(item).what === kind) && (about === '' || isAbout(item, about)),
    );
}
