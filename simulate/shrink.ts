/** Makes a schedule that shows a violation as small as it gets: fewest faults, then processes, then announcements. */
import type { Violation } from './invariants/violations.js';
import { narrow, type Part } from './narrow.js';
import type { Schedule } from './schedule.js';

/** A violation without what differs from run to run: is it the same one? */
export function kindOf({ clause, message }: Pick<Violation, 'clause' | 'message'>): string {
  const words = message
    .replace(/\d+-\d+/g, 'ID')
    .replace(/\b[a-z]+\d+~[0-9a-f]+/g, 'PROCESS')
    .replace(/order-\d+/g, 'NAME')
    .replace(/\d+(\.\d+)?/g, 'N');
  return `${clause}: ${words}`;
}

export interface Shrunk {
  readonly part: Part;
  readonly schedule: Schedule;
  readonly runs: number;
}

/**
 * @param shows whether a schedule shows it
 * @param mostRuns how often it may be tried
 */
export async function shrink(
  schedule: Schedule,
  shows: (schedule: Schedule) => Promise<boolean>,
  mostRuns = 150,
): Promise<Shrunk> {
  let runs = 0;
  let part: Required<Part> = {
    faults: schedule.faults.map((_, at) => at),
    announcements: schedule.announcements.map((_, at) => at),
    shape: {},
  };

  async function tried(candidate: Part): Promise<boolean> {
    if (runs >= mostRuns) return false;
    runs += 1;
    const wanted = { ...part, ...candidate };
    if (!(await shows(narrow(schedule, wanted)))) return false;
    part = wanted as Required<Part>;
    return true;
  }

  async function fewer(member: 'faults' | 'announcements'): Promise<void> {
    for (
      let size = Math.ceil((part[member]?.length ?? 0) / 2);
      size > 0;
      size = size === 1 ? 0 : Math.ceil(size / 2)
    ) {
      for (let at = 0; at < (part[member]?.length ?? 0); ) {
        const kept = (part[member] ?? []).filter((_, index) => index < at || index >= at + size);
        if (!(await tried({ [member]: kept }))) at += size;
      }
    }
  }

  await fewer('faults');
  for (let processes = 1; processes < schedule.shape.processes; processes += 1) {
    if (await tried({ shape: { ...part.shape, processes } })) break;
  }
  await fewer('announcements');
  await fewer('faults');
  return { part, schedule: narrow(schedule, part), runs };
}
