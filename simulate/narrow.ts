/** Parts of a schedule: what is left out is as if it had never been planned, and the rest stays as it was drawn. */
import type { Schedule, Shape } from './schedule.js';

export interface Part {
  /** Which faults of the schedule, counted from 0; undefined: all. */
  readonly faults?: readonly number[] | undefined;
  readonly announcements?: readonly number[] | undefined;
  readonly shape?: Partial<Shape> | undefined;
}

function only<T>(all: readonly T[], which: readonly number[] | undefined): readonly T[] {
  return which === undefined ? all : which.flatMap((at) => (at in all ? [all[at] as T] : []));
}

export function narrow(schedule: Schedule, { faults, announcements, shape }: Part): Schedule {
  return {
    seed: schedule.seed,
    shape: { ...schedule.shape, ...shape },
    announcements: only(schedule.announcements, announcements),
    faults: only(schedule.faults, faults),
  };
}
