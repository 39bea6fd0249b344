/** The job on the dead letters that is under way, or was the last one: whoever began it, every page shows it. */
import { useState } from 'preact/hooks';
import type { LetterJob } from '../../protocol.js';
import { clockTime, number } from '../model/format.js';
import { chosenWords, jobWords, progressOf } from '../model/letters.js';
import { api, messageOf } from '../state/api.js';

const TONES = { counting: 'busy', acting: 'busy', done: 'good', stopped: 'warn', failed: 'bad' } as const;

interface LetterJobProps {
  readonly runtime: string;
  readonly job: LetterJob;
  readonly mayStop: boolean;
}

export function LetterJobBanner({ runtime, job, mayStop }: LetterJobProps) {
  const [closed, setClosed] = useState<number | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const { id, action, filter, range, by, phase, startedAt, endedAt, errors } = job;
  if (closed === id) return null;
  const stop = () => api.stopLetterJob(runtime).catch((error: unknown) => setFailure(messageOf(error)));
  const hasAge = range.fromMs !== null || range.toMs !== null;
  return (
    <section
      class={`banner letter-job tone-${TONES[phase]}`}
      aria-label="Job on dead letters"
      data-phase={phase}
    >
      <div class="group">
        <b>
          {action === 'redrive' ? 'Redrive' : 'Delete'}: {chosenWords(filter, hasAge)}
        </b>
        <span class="muted">
          begun {clockTime(startedAt).slice(0, 8)} from {by}
        </span>
        <span class="push" />
        {endedAt !== null ? (
          <button type="button" class="button is-small" onClick={() => setClosed(id)}>
            Close
          </button>
        ) : (
          mayStop && (
            <button type="button" class="button is-small" onClick={() => void stop()}>
              Stop
            </button>
          )
        )}
      </div>
      {endedAt === null && (
        <progress
          aria-label={phase === 'counting' ? 'Letters looked through' : 'Letters dealt with'}
          max={1}
          value={progressOf(job)}
        />
      )}
      <span role="status">{jobWords(job)}</span>
      {errors.map(({ message, count }) => (
        <span key={message} class="mono">
          {count > 0 && `${number(count)} × `}
          {message}
        </span>
      ))}
      {failure !== null && <span role="alert">{failure}</span>}
    </section>
  );
}
