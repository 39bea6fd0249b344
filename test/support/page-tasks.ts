/** What the thread of a page does, task by task: while it is at one the page answers nobody. */
import type { Page } from 'playwright-core';

/** As far as it is read of an event of Chromium's tracing. */
interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** CPU time of the thread, in microseconds. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

const TASK = 'ThreadControllerImpl::RunTask';
const PAGE_THREAD = 'CrRendererMain';

/**
 * CPU time of each task of the threads of all open pages while `work` is done, in milliseconds. The time by the clock would tell how busy the
 * machine is.
 */
export async function tasksDuring(page: Page, work: () => Promise<void>): Promise<number[]> {
  const browser = page.context().browser();
  if (browser === null) throw new Error('expected the page to be one of a browser, got: none');
  const session = await browser.newBrowserCDPSession();
  const events: TraceEvent[] = [];
  session.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])));
  const complete = new Promise<void>((resolve) => {
    session.once('Tracing.tracingComplete', () => resolve());
  });
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['toplevel', '__metadata'], excludedCategories: ['*'] },
  });
  try {
    await work();
  } finally {
    await session.send('Tracing.end');
    await complete;
    await session.detach();
  }
  const threadOf = ({ pid, tid }: TraceEvent) => `${pid} ${tid}`;
  const pages = new Set(
    events.filter(({ name, args }) => name === 'thread_name' && args?.name === PAGE_THREAD).map(threadOf),
  );
  const tasks = events.filter((event) => event.name === TASK && pages.has(threadOf(event)));
  if (tasks.every(({ tdur }) => tdur === undefined)) {
    throw new Error('expected the trace to tell the CPU time of tasks, got: none');
  }
  return tasks.map(({ tdur = 0 }) => tdur / 1000);
}
