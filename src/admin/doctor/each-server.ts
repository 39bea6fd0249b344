/** Judges servers one by one, and says of all of them together what was found. */
import type { ServerFacts } from './facts.js';
import { good, RESULTS, type Verdict, worstOf } from './finding.js';

interface Judged {
  readonly address: string;
  readonly verdict: Verdict;
}

/**
 * Undefined when there is no server to judge. What all have in common is said once, else of whom it is true.
 *
 * @param measure of checks whose text has a figure in it: when all are well, only of the server with the highest measure it is told
 */
export function eachServer(
  servers: readonly ServerFacts[],
  judge: (server: ServerFacts) => Verdict,
  measure?: (server: ServerFacts) => number,
): Verdict | undefined {
  if (servers.length === 0) return undefined;
  const judged = servers
    .map((server): Judged => ({ address: server.address, verdict: judge(server) }))
    .sort((a, b) => rank(b) - rank(a));
  const result = worstOf(judged.map(({ verdict }) => verdict.result));
  if (result === 'good' && measure !== undefined) return good(foundHighest(servers, judge, measure));
  const found = [...addressesBy(judged, ({ verdict }) => verdict.found)].map(([text, addresses]) =>
    addresses.length === servers.length ? text : `${addresses.join(', ')}: ${text}`,
  );
  const remedies = [...addressesBy(judged, ({ verdict }) => verdict.remedy)].map(([text, addresses]) =>
    servers.length === 1 ? text : `on ${addresses.join(', ')}: ${text}`,
  );
  return {
    result,
    found: found.join('; '),
    remedy: remedies.length === 0 ? null : remedies.join('; '),
  };
}

function foundHighest(
  servers: readonly ServerFacts[],
  judge: (server: ServerFacts) => Verdict,
  measure: (server: ServerFacts) => number,
): string {
  const [highest, ...others] = [...servers].sort((a, b) => measure(b) - measure(a));
  const found = highest === undefined ? '' : judge(highest).found;
  return others.length === 0 ? found : `${found} on ${highest?.address}; less on the others`;
}

function rank({ verdict }: Judged): number {
  return RESULTS.indexOf(verdict.result);
}

/** Of whom each text is true, in the order in which the texts appear. */
function addressesBy(
  judged: readonly Judged[],
  textOf: (one: Judged) => string | null,
): Map<string, string[]> {
  const addresses = new Map<string, string[]>();
  for (const one of judged) {
    const text = textOf(one);
    if (text !== null) addresses.set(text, [...(addresses.get(text) ?? []), one.address]);
  }
  return addresses;
}
