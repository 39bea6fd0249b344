import type { StateValue } from '../../../replay/format.js';
import { pathsOf } from '../../../replay/state-path.js';
import { type Tone, toneOfPath } from '../model/tone.js';

interface BadgeProps {
  readonly tone: Tone;
  readonly children: string;
  readonly title?: string;
}

export function Badge({ tone, children, title }: BadgeProps) {
  return (
    <span class={`badge tone-${tone}`} title={title}>
      {children}
    </span>
  );
}

interface StateBadgeProps {
  readonly state: StateValue;
  readonly status?: 'active' | 'done' | 'error' | 'stopped';
}

/** A badge for each region; the names of regions are in its title. */
export function StateBadge({ state, status = 'active' }: StateBadgeProps) {
  return (
    <span class="badges">
      {pathsOf(state).map((path, index) => (
        // By its place: a badge that was pressed is still there when it is let go, in whatever state.
        <Badge key={index} tone={status === 'error' ? 'bad' : toneOfPath(path)} title={path}>
          {path.slice(path.lastIndexOf('.') + 1)}
        </Badge>
      ))}
      {status === 'error' && <Badge tone="bad">threw</Badge>}
      {status === 'stopped' && <Badge tone="quiet">was stopped</Badge>}
    </span>
  );
}
