/** What is told of one runtime. While nobody watches, a tick a second, the rare news and who has ended are all that is kept. */
import { ownersWithin } from '../admin/owners-within.js';
import { isStreamwardenError, messageOf } from '../core/errors.js';
import { redact } from '../core/logger.js';
import type { Inside } from '../runtime/inside.js';
import type { Overview } from '../runtime/snapshot.js';
import type { Runtime } from '../runtime/types.js';
import { ActorFeed } from './actor-feed.js';
import { auditOf } from './audit.js';
import { EndedActors } from './ended-actors.js';
import { LetterJobs } from './letters/letter-jobs.js';
import type { OneAtATime } from './letters/one-at-a-time.js';
import { News } from './news.js';
import type { RuntimeInfo, ServerMessage, StreamReply } from './protocol.js';
import { Recordings } from './recordings.js';
import { type ProcessFacts, Ticks } from './second.js';
import { ServiceView } from './service-view.js';
import { StreamActions } from './stream-actions.js';
import { StatelyFeed } from './stately/feed.js';
import { streamView } from './stream-view.js';
import { frameOf, type Viewer } from './viewer.js';

export class RuntimeFeed {
  readonly info: RuntimeInfo;
  readonly service: ServiceView;
  readonly recordings: Recordings;
  readonly letterJobs: LetterJobs;
  readonly streamActions: StreamActions;
  readonly stately: StatelyFeed;
  readonly #inside: Inside;
  readonly #hideAddress: () => void;
  readonly #actors: ActorFeed;
  readonly #news: News;
  readonly #ended: EndedActors;
  readonly #ticks = new Ticks();
  readonly #leaveBeats: () => void;
  /** Members of the overview as they were sent last. */
  readonly #sections = new Map<string, string>();
  #isClosed = false;

  /**
   * @param url where it is shown, for the other processes
   * @param folder where recordings go
   * @param slot of jobs on dead letters, which all runtimes of an inspector share
   */
  constructor(
    runtime: Runtime,
    inside: Inside,
    url: string,
    folder: () => Promise<string>,
    slot: OneAtATime,
  ) {
    const { names, settings, seam, clock } = inside;
    const { heartbeatMs, reconcileEveryMs, maxRetries, dlqMaxLen } = settings;
    this.#inside = inside;
    this.info = {
      id: runtime.consumer,
      service: runtime.service,
      names: { stream: names.lbs, group: names.group, dlq: names.dlq },
      heartbeatMs,
      reconcileEveryMs,
      maxRetries,
      dlqMaxLen,
      since: clock.now(),
    };
    this.#hideAddress = inside.inspectedAt(url);
    const audit = auditOf(inside.logger, runtime.service);
    this.service = new ServiceView(inside, runtime.consumer, audit);
    this.recordings = new Recordings(runtime, folder, () => this.#tellRecordings());
    this.letterJobs = new LetterJobs(inside, this.service.admin, slot, audit, () => this.#tellLetterJob());
    this.streamActions = new StreamActions(runtime, this.service.admin.streams, clock, audit);
    this.stately = new StatelyFeed(inside);
    this.#leaveBeats = seam.on('heartbeat', () =>
      this.#ticks.beat(clock.now(), inside.overview().lease.validUntil),
    );
    this.#ended = new EndedActors(seam, clock);
    this.#actors = new ActorFeed(this.info.id, inside, this.#ended);
    this.#news = new News(
      seam,
      clock,
      (item) => this.#actors.tell(item),
      (streams) => ownersWithin(inside, streams),
    );
  }

  /** Shows a viewer everything, and from then on what changes. */
  async present(viewer: Viewer): Promise<void> {
    if (this.#isClosed || viewer.isGone) return;
    const { clock } = this.#inside;
    const runtime = this.info.id;
    const send = (message: ServerMessage) => viewer.send(frameOf(message));
    // News that the others wait for are among those that this one is told now.
    this.#actors.flush();
    send({ kind: 'runtime', runtime: this.info });
    send({ kind: 'overview', runtime, at: clock.now(), sections: this.#inside.overview() });
    send({ kind: 'ticks', runtime, ticks: this.#ticks.kept });
    send({ kind: 'news', runtime, news: this.#news.items });
    send({ kind: 'recordings', runtime, recordings: this.recordings.infos() });
    send({ kind: 'ended', runtime, rows: this.#ended.rows() });
    const job = this.letterJobs.latest;
    if (job !== undefined) send({ kind: 'letterJob', runtime, job });
    await this.#actors.add(viewer);
    this.watch(viewer);
    send({ kind: 'ready', runtime, at: clock.now() });
  }

  forget(viewer: Viewer): void {
    this.#actors.remove(viewer);
    if (this.#actors.viewers.size === 0) this.#sections.clear();
  }

  /** Begins to tell a viewer of the actors here that it watches, and ends to tell of others. */
  watch(viewer: Viewer): void {
    if (!this.#actors.viewers.has(viewer)) return;
    const here = viewer.watched.filter(({ runtime }) => runtime === this.info.id);
    this.#actors.watch(viewer, new Set(here.map(({ actor }) => actor)));
  }

  /** What is being done with the stream of that entry. */
  stream(id: string): StreamReply {
    return streamView(id, this.#inside, this.#ended);
  }

  /** A second has passed. */
  tick(facts: ProcessFacts): void {
    const runtime = this.info.id;
    const at = this.#inside.clock.now();
    const overview = this.#inside.overview();
    const tick = this.#ticks.add(at, overview, facts);
    if (this.#actors.viewers.size === 0) return;
    this.#broadcast({ kind: 'tick', runtime, ...tick });
    const sections = this.#changed(overview);
    if (Object.keys(sections).length > 0) this.#broadcast({ kind: 'overview', runtime, at, sections });
    if (this.recordings.hasActive) this.#tellRecordings();
  }

  /** The runtime has ended. Nothing is told of it any more. */
  async end(error: Error | null): Promise<void> {
    this.#actors.flush();
    const runtime = this.info.id;
    const at = this.#inside.clock.now();
    const sections = this.#changed(this.#inside.overview());
    if (Object.keys(sections).length > 0) this.#broadcast({ kind: 'overview', runtime, at, sections });
    const shown = error && {
      code: isStreamwardenError(error) ? error.code : error.name,
      message: redact(messageOf(error)),
    };
    this.#broadcast({ kind: 'runtimeEnded', runtime, at, error: shown });
    await this.stately.finish();
    await this.close();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#hideAddress();
    this.#actors.close();
    this.stately.close();
    this.#leaveBeats();
    this.#news.close();
    this.#ended.close();
    await this.letterJobs.close();
    await this.recordings.close();
  }

  #changed(overview: Overview): Partial<Overview> {
    const changed = Object.entries(overview).filter(([name, section]) => {
      const text = JSON.stringify(section);
      if (this.#sections.get(name) === text) return false;
      this.#sections.set(name, text);
      return true;
    });
    return Object.fromEntries(changed);
  }

  #tellRecordings(): void {
    this.#broadcast({ kind: 'recordings', runtime: this.info.id, recordings: this.recordings.infos() });
  }

  #tellLetterJob(): void {
    const job = this.letterJobs.latest;
    if (job !== undefined) this.#broadcast({ kind: 'letterJob', runtime: this.info.id, job });
  }

  #broadcast(message: ServerMessage): void {
    const { viewers } = this.#actors;
    if (viewers.size === 0) return;
    const frame = frameOf(message);
    for (const viewer of viewers) viewer.send(frame);
  }
}
