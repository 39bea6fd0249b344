/**
 * The actors of one runtime, told in Stately's format from the first viewer to the last.
 *
 * What happens is only noted when it is heard, in the middle of the runtime's own work; messages are made of it later, once for all viewers.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Entry, HeardEvent, Subject } from '../../replay/tap.js';
import type { Inside } from '../../runtime/inside.js';
import { Gathering } from '../gathering.js';
import { Newcomer, type Telling } from './newcomer.js';
import { Steps } from './steps.js';
import { Teller } from './teller.js';
import type { StatelyViewer } from './viewer.js';

/** What happened is gathered for so long, in milliseconds. */
const GATHER_MS = 50;
/** Where more waits than is told at once, the rest follows after so many milliseconds. */
const HURRY_MS = 10;
/** Steps that are told at once: a few milliseconds' worth. */
const MOST_AT_ONCE = 250;
/** Steps that may wait unfolded. */
const MOST_WAITING = 4_000;
/** Actors that a viewer is shown at once: half a megabyte. */
const MOST_SHOWN = 250;

type Watched = Pick<Inside, 'tap' | 'seam' | 'clock' | 'logger'>;

export class StatelyFeed {
  readonly #inside: Watched;
  readonly #gathering: Gathering;
  readonly #viewers = new Map<StatelyViewer, Newcomer | undefined>();
  readonly #teller = new Teller();
  readonly #steps = new Steps(MOST_WAITING);
  /** By path: the actors that live now. */
  readonly #living = new Map<string, Subject>();
  /** The deliveries under way, outermost first, as far as is known. */
  readonly #underWay: HeardEvent[] = [];
  #leave: (() => void)[] = [];

  constructor(inside: Watched) {
    this.#inside = inside;
    this.#gathering = new Gathering(
      () => this.#flush(),
      inside.logger,
      "Stately's inspector could not be told what happened",
    );
  }

  /** Shows a viewer every actor, then what happened meanwhile, and from then on what happens. Resolves when it is as far as the others. */
  async add(viewer: StatelyViewer): Promise<void> {
    if (viewer.isGone) return;
    const newcomer = new Newcomer();
    this.#viewers.set(viewer, newcomer);
    if (this.#viewers.size === 1) this.#attach();
    const send = async (texts: readonly string[]) => {
      viewer.send(texts);
      await nextTurn();
      await viewer.drained();
    };
    const at = this.#inside.clock.now();
    let texts: string[] = [];
    for (const shown of this.#teller.shown) {
      texts.push(this.#teller.introduce(shown, at));
      newcomer.shown(shown.subject.session);
      if (texts.length < MOST_SHOWN) continue;
      await send(texts);
      texts = [];
      if (!this.#viewers.has(viewer)) return;
    }
    newcomer.shownAll();
    await send(texts);
    while (newcomer.hasMissed && this.#viewers.has(viewer)) await send(newcomer.take(MOST_AT_ONCE));
    if (this.#viewers.has(viewer)) this.#viewers.set(viewer, undefined);
  }

  remove(viewer: StatelyViewer): void {
    if (this.#viewers.delete(viewer) && this.#viewers.size === 0) this.#detach();
  }

  /** Tells everything that waits. */
  async finish(): Promise<void> {
    while (!this.#steps.isEmpty) {
      this.#flush();
      await nextTurn();
    }
  }

  close(): void {
    this.#viewers.clear();
    this.#detach();
  }

  #attach(): void {
    const { tap, seam } = this.#inside;
    this.#leave = [
      tap.listen((entry) => this.#hear(entry)),
      seam.on('actorEnded', ({ path }) => this.#hearEnd(path)),
    ];
    for (const { subject, standing } of tap.standing()) {
      this.#living.set(subject.path, subject);
      this.#teller.show(subject, standing);
    }
  }

  #detach(): void {
    for (const leave of this.#leave) leave();
    this.#leave = [];
    this.#gathering.cancel();
    this.#teller.clear();
    this.#steps.clear();
    this.#living.clear();
    this.#underWay.length = 0;
  }

  /** Called in the middle of what the runtime does: as little as can be. */
  #hear(entry: Entry): void {
    if (entry.kind === 'notification') return;
    const { at, subject } = entry;
    if (entry.kind === 'event') {
      this.#steps.add({ kind: 'told', at, subject, entry, source: this.#sourceOf(entry) });
    } else {
      this.#living.set(subject.path, subject);
      this.#steps.add({ kind: 'begun', at, subject, standing: entry.standing });
    }
    this.#gathering.schedule(GATHER_MS);
  }

  #hearEnd(path: string): void {
    const subject = this.#living.get(path);
    if (subject === undefined) return;
    this.#living.delete(path);
    this.#steps.add({ kind: 'over', at: this.#inside.clock.now(), subject });
    this.#gathering.schedule(GATHER_MS);
  }

  /** Deliveries are nested: whoever sends is still at it, and what was delivered after that is over. */
  #sourceOf(entry: HeardEvent): string | undefined {
    const underWay = this.#underWay;
    while (underWay.length > 0 && underWay.at(-1)?.seq !== entry.by) underWay.pop();
    const source = underWay.at(-1)?.subject.session;
    underWay.push(entry);
    return source;
  }

  #flush(): void {
    const steps = this.#steps.take(MOST_AT_ONCE);
    if (!this.#steps.isEmpty) this.#gathering.schedule(HURRY_MS);
    const tellings = steps.map((step): Telling => {
      return { session: step.subject.session, texts: this.#teller.tell(step) };
    });
    const texts = tellings.flatMap((telling) => telling.texts);
    for (const [viewer, newcomer] of [...this.#viewers]) {
      if (newcomer === undefined) viewer.send(texts);
      else newcomer.miss(tellings);
    }
  }
}
