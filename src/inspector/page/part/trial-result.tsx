/** What came of an event that was tried. */
import { pathsOf, wordsOfState } from '../../../replay/state-path.js';
import type { StateDefinition, TrialEffect, TrialReply } from '../../protocol.js';
import type { Step } from '../model/history.js';
import { movedBetween } from '../model/moved.js';
import { toneOf } from '../model/tone.js';
import { branchWords, furtherSteps, type TriedEvent } from '../model/trial.js';
import { Badge } from './badge.js';
import { ContextChanges } from './context-changes.js';

const SIGNS = { held: '✓', refused: '✗', notAsked: '·' } as const;

interface TrialResultProps {
  readonly root: StateDefinition;
  readonly event: TriedEvent;
  readonly reply: TrialReply;
  readonly from: Pick<Step, 'state' | 'context'>;
}

function Led({ reply, from }: Pick<TrialResultProps, 'reply' | 'from'>) {
  if (reply.outcome !== 'taken') {
    return (
      <>
        <Badge tone={reply.outcome === 'threw' ? 'bad' : 'warn'}>
          {reply.outcome === 'threw' ? 'threw' : 'not taken'}
        </Badge>{' '}
        {reply.why}
      </>
    );
  }
  const { left, entered } = movedBetween(pathsOf(from.state), pathsOf(reply.state));
  if (entered === '') return <span class="muted">stays in {wordsOfState(reply.state)}</span>;
  return (
    <>
      <span class="muted">{left} → </span>
      <Badge tone={toneOf(reply.state, reply.status)}>{entered}</Badge>
      {reply.status !== 'active' && <span class="muted"> · {reply.status}</span>}
    </>
  );
}

function Effect({ effect: { what, data } }: { readonly effect: TrialEffect }) {
  return (
    <li class="mono">
      {what}
      {data !== null && <span class="muted"> {JSON.stringify(data)}</span>}
    </li>
  );
}

export function TrialResult({ root, event, reply, from }: TrialResultProps) {
  const branches = branchWords(root, reply);
  const further = furtherSteps(root, reply);
  return (
    <section
      class="trial-result"
      aria-label={`What ${event.type} would lead to`}
      data-outcome={reply.outcome}
    >
      <p>
        <strong class="mono">{event.type}</strong> <Led reply={reply} from={from} />
      </p>
      {reply.missing.length > 0 && (
        <p>
          The machine looked for what the event does not have:{' '}
          <span class="mono">{reply.missing.join(', ')}</span>
        </p>
      )}
      {branches.length > 0 && (
        <ul class="trial-branches" aria-label="Who was asked">
          {branches.map(({ id, outcome, words }) => (
            <li key={id} class={outcome === 'held' ? 'is-held' : 'muted'}>
              <span aria-hidden="true">{SIGNS[outcome]}</span> {words}
            </li>
          ))}
          {further.map((words) => (
            <li key={words}>
              <span aria-hidden="true">↳</span> {words}
            </li>
          ))}
        </ul>
      )}
      {reply.outcome === 'taken' && (
        <div class="trial-columns">
          <div>
            <h3>Asks for, in this order</h3>
            {reply.effects.length === 0 ? (
              <span class="muted">nothing</span>
            ) : (
              <ol>
                {reply.effects.map((effect, index) => (
                  <Effect key={`${index} ${effect.what}`} effect={effect} />
                ))}
              </ol>
            )}
          </div>
          <div>
            <h3>Would remember</h3>
            {reply.patch.length === 0 ? (
              <span class="muted">what it does now</span>
            ) : (
              <ContextChanges before={from.context} after={reply.context} patch={reply.patch} />
            )}
          </div>
        </div>
      )}
    </section>
  );
}
