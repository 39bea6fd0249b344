/** A refusal for somebody who opened the page, and not for a program: in words, in a page of its own. */
import type { IncomingMessage } from 'node:http';
import type { Refusal } from './refusal.js';

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}

export function wantsPage({ headers, url }: IncomingMessage): boolean {
  return !url?.startsWith('/api/') && /\btext\/html\b/.test(headers.accept ?? '');
}

export function refusalPage({ status, message }: Refusal): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${status} · streamwarden inspector</title>
<h1>The inspector refuses this page</h1>
<p>${escaped(message)}</p>
</html>
`;
}
