/** A value as an unfolding tree; what just changed in it is marked. */
import type { Json } from '../../../replay/json-safe.js';
import { exact } from '../model/format.js';

interface JsonViewProps {
  readonly value: Json;
  /** JSON Pointers of what changed. */
  readonly changed?: ReadonlySet<string>;
  readonly path?: string;
  readonly name?: string;
}

const MOST_MEMBERS = 200;

function Leaf({ value }: { readonly value: string | number | boolean | null }) {
  if (typeof value === 'string') return <span class="text">{JSON.stringify(value)}</span>;
  return <span class="value">{typeof value === 'number' ? exact(value) : String(value)}</span>;
}

function token(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

export function JsonView({ value, changed, path = '', name }: JsonViewProps) {
  const isChanged = path !== '' && changed?.has(path) === true;
  const key = name === undefined ? null : <span class="key">{name}: </span>;
  if (typeof value !== 'object' || value === null) {
    return (
      <span class={isChanged ? 'is-changed' : undefined}>
        {key}
        <Leaf value={value} />
      </span>
    );
  }
  const isList = Array.isArray(value);
  const members = Object.entries(value as Readonly<Record<string, Json>>);
  if (members.length === 0) {
    return (
      <span class={isChanged ? 'is-changed' : undefined}>
        {key}
        {isList ? '[]' : '{}'}
      </span>
    );
  }
  const inner = (
    <ul>
      {members.slice(0, MOST_MEMBERS).map(([member, one]) => (
        <li key={member}>
          <JsonView
            value={one}
            name={member}
            path={`${path}/${token(member)}`}
            {...(changed === undefined ? {} : { changed })}
          />
        </li>
      ))}
      {members.length > MOST_MEMBERS && <li class="muted">and {members.length - MOST_MEMBERS} more</li>}
    </ul>
  );
  if (name === undefined) return <div class="json">{inner}</div>;
  return (
    <details open={members.length <= 20 || isChanged}>
      <summary class={isChanged ? 'is-changed' : undefined}>
        {key}
        <span class="muted">{isList ? `${members.length} items` : `${members.length} members`}</span>
      </summary>
      {inner}
    </details>
  );
}
