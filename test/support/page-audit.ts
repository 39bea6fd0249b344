/** Whether a page can be read: by eye, and by what reads it to those who do not see it. */
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';

const audit = readFileSync(new URL('page-audit.browser.js', import.meta.url), 'utf8');

/** What is too faint, cut off, or beyond the edge of the window, in words. */
export async function unreadable(page: Page): Promise<string[]> {
  return await page.evaluate<string[]>(audit);
}

const crowdedAudit = readFileSync(new URL('page-crowded.browser.js', import.meta.url), 'utf8');

/** What a finger could not hit, in words. */
export async function crowded(page: Page): Promise<string[]> {
  return await page.evaluate<string[]>(crowdedAudit);
}

/** What is told to assistive technology of one element. */
export interface Told {
  readonly role: string;
  readonly name: string;
  readonly children: readonly Told[];
}

/** What these have to be called, or nobody knows what they are. */
const NAMED: ReadonlySet<string> = new Set([
  'button',
  'link',
  'checkbox',
  'combobox',
  'searchbox',
  'slider',
  'tree',
  'treeitem',
  'listbox',
  'option',
  'dialog',
  'image',
  'img',
  'region',
  'navigation',
  'columnheader',
]);

interface AxNode {
  readonly nodeId: string;
  readonly ignored: boolean;
  readonly role?: { readonly value?: string };
  readonly name?: { readonly value?: string };
  readonly childIds?: readonly string[];
}

/** Chromium's own tree; what is ignored there is left out, and its children stand in its place. */
export async function accessibilityTree(page: Page): Promise<Told> {
  const session = await page.context().newCDPSession(page);
  const { nodes } = (await session.send('Accessibility.getFullAXTree')) as unknown as { nodes: AxNode[] };
  await session.detach();
  const byId = new Map(nodes.map((node) => [node.nodeId, node]));
  const told = (node: AxNode): Told[] => {
    const children = (node.childIds ?? []).flatMap((id) => {
      const child = byId.get(id);
      return child === undefined ? [] : told(child);
    });
    if (node.ignored) return children;
    return [{ role: node.role?.value ?? '', name: node.name?.value?.trim() ?? '', children }];
  };
  const [root] = nodes[0] === undefined ? [] : told(nodes[0]);
  if (root === undefined) throw new Error('expected an accessibility tree, got: none');
  return root;
}

export function all(told: Told): Told[] {
  return [told, ...told.children.flatMap(all)];
}

/** What somebody who is read the page could not make out, in words. */
export function unheard(root: Told): string[] {
  const everything = all(root);
  const count = (role: string) => everything.filter((one) => one.role === role).length;
  const nameless = everything
    .filter(({ role, name }) => NAMED.has(role) && name === '')
    .map(({ role }) => `a ${role} without a name`);
  const headless = everything
    .filter((one) => one.role === 'table' && !all(one).some(({ role }) => role === 'columnheader'))
    .map(() => 'a table without headers');
  return [
    ...nameless,
    ...headless,
    ...(count('main') === 1 ? [] : [`${count('main')} main parts`]),
    ...(count('heading') > 0 ? [] : ['no heading']),
  ];
}
