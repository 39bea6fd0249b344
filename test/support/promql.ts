/** What a PromQL query asks for, by Prometheus's own grammar. */
import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';

export interface Selected {
  readonly metric: string;
  /** Labels that are matched, with what they are matched with; null: by another operator than `=`. */
  readonly matchers: ReadonlyMap<string, string | null>;
}

export interface Query {
  readonly selectors: readonly Selected[];
  /** Labels that are grouped by. */
  readonly groups: readonly string[];
}

function find(node: SyntaxNode, name: string, found: SyntaxNode[] = []): SyntaxNode[] {
  if (node.name === name) found.push(node);
  for (let child = node.firstChild; child; child = child.nextSibling) find(child, name, found);
  return found;
}

/** @throws Error when it is no PromQL */
export function readQuery(text: string): Query {
  const { topNode } = parser.parse(text);
  const [mistake] = find(topNode, '⚠');
  if (mistake) throw new Error(`expected PromQL, got: ${text} (see position ${mistake.from})`);
  const said = ({ from, to }: SyntaxNode) => text.slice(from, to);
  const selectors = find(topNode, 'VectorSelector').map((selector): Selected => {
    const metric = find(selector, 'Identifier').map(said)[0] ?? '';
    const matchers = find(selector, 'UnquotedLabelMatcher').map((matcher) => {
      const [, label = '', operator, value = ''] =
        /^(\w+)\s*(=~|!~|!=|=)\s*"(.*)"$/s.exec(said(matcher)) ?? [];
      return [label, operator === '=' ? value : null] as const;
    });
    return { metric, matchers: new Map(matchers) };
  });
  const groups = find(topNode, 'GroupingLabels').flatMap((labels) => find(labels, 'LabelName').map(said));
  return { selectors, groups };
}
