/** What a stream has lived through, owner by owner, and what is not known of it. */
import type { FleetStreamReply } from '../../protocol.js';
import { dateTime, duration } from '../model/format.js';
import { type LifeStep, lifeOf } from '../model/life.js';
import { Breakable } from '../part/breakable.js';

function Step({ step: { at, until, tone, what, how, id } }: { readonly step: LifeStep }) {
  return (
    <li class={`tone-${tone}`}>
      <time class="nowrap muted">{at === null ? 'at some time' : dateTime(at)}</time>
      <span class="what">
        <b>
          <Breakable text={what} />
        </b>
        {until !== null && at !== null && (
          <span>
            {' '}
            for {duration(Math.max(0, until - at))}, until {dateTime(until).slice(11)}
          </span>
        )}
        {how !== '' && (
          <span>
            {until === null ? ': ' : '; '}
            <Breakable text={how} />
          </span>
        )}
      </span>
      {id !== null && <code class="muted">{id}</code>}
    </li>
  );
}

export function StreamLife(found: FleetStreamReply) {
  const { steps, unknown } = lifeOf(found);
  return (
    <section class="life" aria-label="Its life">
      {steps.length > 0 && (
        <ol>
          {steps.map((step, index) => (
            <Step key={`${index} ${step.id}`} step={step} />
          ))}
        </ol>
      )}
      {unknown.map((words) => (
        <p key={words} class="muted">
          {words}
        </p>
      ))}
    </section>
  );
}
