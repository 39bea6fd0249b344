/** What has become of entries in this process, counted. Told once a second: entries come by the ten thousand. */
import type { Seam } from '../../core/seam.js';

const NAMES = ['looks', 'read', 'bytes', 'handled', 'skipped', 'deadLettered', 'lost', 'wakes'] as const;

export type EntryFigures = Record<(typeof NAMES)[number], number>;

export class EntryTally implements EntryFigures {
  /** Looks at a stream, whatever they found. */
  looks = 0;
  /** Entries that came, and the bytes of their fields. */
  read = 0;
  bytes = 0;
  /** Entries with which a handler was done: it has asked for more, or committed them. */
  handled = 0;
  /** Entries that were passed over, with a copy kept or without. */
  skipped = 0;
  deadLettered = 0;
  /** Entries that were removed before they were read: at least so many. */
  lost = 0;
  /** Wakes that were heard. */
  wakes = 0;
  /** As of when it was told last. */
  readonly #told = Object.fromEntries(NAMES.map((name) => [name, 0])) as EntryFigures;

  /** What has happened since this was called last. */
  tell(seam: Seam): void {
    const told = this.#told;
    if (NAMES.every((name) => this[name] === told[name])) return;
    const grown = { ...told };
    for (const name of NAMES) {
      grown[name] = this[name] - told[name];
      told[name] = this[name];
    }
    seam.emit('entries', grown);
  }
}
