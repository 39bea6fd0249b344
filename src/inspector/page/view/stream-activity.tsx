/** What is being done with one stream: handler, back-off, lease, lock, checkpoint, lag; and what its handler threw. */
import { Fragment } from 'preact';
import { useEffect } from 'preact/hooks';
import type { ActorRow, StreamFacts, StreamReply } from '../../protocol.js';
import { clockTime } from '../model/format.js';
import type { RuntimeModel } from '../model/runtime-model.js';
import { streamFacts } from '../model/stream-words.js';
import { Breakable } from '../part/breakable.js';
import { JsonView } from '../part/json-view.js';
import { Panel } from '../part/panel.js';
import { api } from '../state/api.js';
import { usePolled } from '../state/polled.js';
import { actorHash } from '../state/router.js';

const EVERY_MS = 1_000;

interface StreamProps {
  readonly runtime: RuntimeModel;
  readonly row: ActorRow;
  readonly isLiving: boolean;
}

/** Id of the entry in an ownership's path. */
function entryOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Asked for while it lives; what was said last is kept. */
function useActivity({ runtime, row, isLiving }: StreamProps): StreamReply | null {
  const { path } = row;
  const id = runtime.info.id;
  const ask = isLiving ? () => api.stream(id, entryOf(path)) : null;
  const { value } = usePolled(ask, EVERY_MS, [runtime, path, isLiving]);
  useEffect(() => {
    if (value !== null && value.activity !== null) runtime.keepStream(path, value);
  }, [value]);
  return value?.activity == null ? (runtime.streams.get(path) ?? value) : value;
}

function thrownText({ thrown }: StreamFacts): string | null {
  return thrown && (thrown.stack ?? `${thrown.name}: ${thrown.message}`);
}

function Facts({ reply, facts, row, runtime }: { reply: StreamReply; facts: StreamFacts } & StreamProps) {
  return (
    <>
      <dl class="facts">
        {streamFacts(reply, facts, row.lock, runtime.info.maxRetries).map(({ name, words, isTrouble }) => (
          <Fragment key={`${name} ${words}`}>
            <dt>{name}</dt>
            <dd>
              {isTrouble === true ? (
                <b>
                  <Breakable text={words} />
                </b>
              ) : (
                <Breakable text={words} />
              )}
            </dd>
          </Fragment>
        ))}
      </dl>
      {facts.isInfoLeftOut ? (
        <p class="muted">Its info is too large to be shown.</p>
      ) : (
        facts.info !== null && (
          <details>
            <summary>Info</summary>
            <JsonView value={facts.info} />
          </details>
        )
      )}
    </>
  );
}

function Thrown({ title, text, when }: { title: string; text: string; when?: preact.ComponentChildren }) {
  return (
    <Panel title={title} aside={when}>
      <pre class="stack">{text}</pre>
    </Panel>
  );
}

function Before({ before }: { readonly before: NonNullable<StreamReply['before']> }) {
  return (
    <Thrown
      title="What its handler threw before"
      text={before.thrown}
      when={
        <span class="muted">
          as <a href={actorHash(`consumer/ownership/${before.id}`)}>{before.id}</a>, given back at{' '}
          {clockTime(before.at).slice(0, 8)}
        </span>
      }
    />
  );
}

export function StreamActivity(props: StreamProps) {
  const { row, isLiving } = props;
  const reply = useActivity(props);
  const facts = reply?.activity ?? null;
  const thrown = row.ended?.thrown ?? (facts === null ? null : thrownText(facts));
  return (
    <>
      {reply !== null && facts !== null && (
        <Panel
          title={isLiving ? 'What it is doing' : 'What it was doing'}
          aside={<span class="muted">as of {clockTime(reply.at).slice(0, 8)}</span>}
          class="stream-doing"
        >
          <Facts {...props} reply={reply} facts={facts} />
        </Panel>
      )}
      {thrown !== null && <Thrown title="What its handler threw" text={thrown} />}
      {thrown === null && reply !== null && reply.before !== null && <Before before={reply.before} />}
      {thrown === null && facts !== null && facts.failures > 0 && reply?.before === null && (
        <p class="muted">
          What its handler threw before is not known here: that was in another process, or too long ago.
        </p>
      )}
    </>
  );
}
