/** What a sequence is narrowed to: kinds of messages, a stream, an actor. All of it is in the address. */
import { useMemo } from 'preact/hooks';
import { number } from '../model/format.js';
import type { Heard } from '../model/runtime-model.js';
import { kindsOf, MESSAGE_KINDS, type MessageKind, streamsOf } from '../model/sequence.js';
import { route, setParams } from '../state/router.js';

/** Streams come by the thousand: so many are offered. */
const MOST_STREAMS = 200;

/** Kinds that the address leaves out. */
export function kindsLeftOut(): ReadonlySet<MessageKind> {
  const names = (route.value.params.without ?? '').split(',');
  return new Set(MESSAGE_KINDS.filter((kind) => names.includes(kind)));
}

function toggle(kind: MessageKind, without: ReadonlySet<MessageKind>): void {
  const next = MESSAGE_KINDS.filter((one) => without.has(one) !== (one === kind));
  setParams({ without: next.join(',') });
}

interface SequenceFiltersProps {
  readonly messages: readonly Heard[];
  readonly newest: number | undefined;
}

export function SequenceFilters({ messages, newest }: SequenceFiltersProps) {
  const { actor = '', stream = '', changes = '' } = route.value.params;
  const without = kindsLeftOut();
  const kinds = useMemo(() => kindsOf(messages), [messages, messages.length, newest]);
  const streams = useMemo(() => streamsOf(messages, MOST_STREAMS), [messages, messages.length, newest]);
  return (
    <fieldset class="chips" aria-label="What is shown">
      {MESSAGE_KINDS.map((kind) => (
        <button
          key={kind}
          type="button"
          class="chip"
          aria-pressed={!without.has(kind)}
          onClick={() => toggle(kind, without)}
        >
          {kind} <span class="n">{number(kinds.get(kind) ?? 0)}</span>
        </button>
      ))}
      <button
        type="button"
        class="chip"
        aria-pressed={changes === '1'}
        onClick={() => setParams({ changes: changes === '1' ? '' : '1' })}
      >
        Only changes of state
      </button>
      {(streams.length > 0 || stream !== '') && (
        <select
          class="field is-small"
          aria-label="Stream"
          value={stream}
          onChange={({ currentTarget }) => setParams({ stream: currentTarget.value })}
        >
          <option value="">every stream</option>
          {stream !== '' && !streams.includes(stream) && <option value={stream}>{stream}</option>}
          {streams.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      )}
      {actor !== '' && (
        <button type="button" class="chip" aria-pressed="true" onClick={() => setParams({ actor: '' })}>
          only {actor} ✕
        </button>
      )}
    </fieldset>
  );
}
