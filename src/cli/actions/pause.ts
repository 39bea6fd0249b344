/** Pauses data streams, and resumes them. */

import { entries } from '../../core/amounts.js';
import { EXIT } from '../errors.js';
import type { Output } from '../output.js';
import { printable } from '../printable.js';
import { type NamedStreamsOptions, withNamedStreams } from './named-streams.js';

const WORDS = {
  pause: { type: 'Paused', changed: 'is paused: nobody is given it', same: 'was paused already' },
  resume: { type: 'Resumed', changed: 'is resumed', same: 'was not paused' },
} as const;

function changer(what: 'pause' | 'resume') {
  return async (names: readonly string[], options: NamedStreamsOptions, output: Output): Promise<number> => {
    const words = WORDS[what];
    await withNamedStreams(names, options, output, async (admin) => {
      for (const stream of names) {
        const { changed, parked } = await admin[what](stream);
        const waiting = parked === 0 ? '' : `; ${entries(parked)} aside`;
        const text = `${printable(stream)} ${changed ? words.changed : words.same}${waiting}`;
        output.line({ type: words.type, stream, changed, parked }, text);
      }
    });
    return EXIT.ok;
  };
}

export const pause = changer('pause');
export const resume = changer('resume');
