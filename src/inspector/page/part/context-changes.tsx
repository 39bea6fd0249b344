/** What a step changed in what an actor remembers. */
import type { Json } from '../../../replay/json-safe.js';
import type { Patch } from '../../../replay/patch.js';
import { contextChanges } from '../model/context-changes.js';
import { exact } from '../model/format.js';

const MOST_CHARACTERS = 160;

function short(value: Json | undefined): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'number' ? exact(value) : JSON.stringify(value);
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
}

interface ChangesProps {
  readonly before: Json;
  readonly after: Json;
  readonly patch: Patch;
}

export function ContextChanges({ before, after, patch }: ChangesProps) {
  return (
    <ul class="changes" aria-label="What this event changed">
      {contextChanges(before, after, patch).map(({ path, was, is }) => (
        <li key={path}>
          {path.slice(1).replaceAll('/', '.') || 'the whole'}: <span class="was">{short(was)}</span> →{' '}
          <span class="is">{short(is)}</span>
        </li>
      ))}
    </ul>
  );
}
