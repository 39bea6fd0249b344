/** Mutants of how the entries of data streams are read, removed and passed over, and of how producers announce them. */
import { BY_HAND, IN_BATCHES, KILLED_REMOVING, REMOVED, REMOVED_APART, THROWN } from './aims.js';
import type { Mutant } from './mutant.js';

export const ENTRY_MUTANTS: readonly Mutant[] = [
  {
    name: 'removed-and-forgotten',
    why: 'whoever is given a data stream that was removed, as it was announced late, waits for ever',
    edits: [
      {
        file: 'runtime/entries/position.ts',
        from: 'return facts === undefined || facts.newestId === null;',
        to: 'return facts?.newestId === null;',
      },
    ],
    wishes: REMOVED_APART,
  },
  {
    name: 'removed-unrecorded',
    why: 'whoever comes after an owner that died between the removal and the record of it waits for ever',
    edits: [
      {
        file: 'runtime/entries/position.ts',
        from: 'if (facts === undefined) return isTrimming && position !== START;',
        to: 'if (facts === undefined) return false;',
      },
    ],
    wishes: KILLED_REMOVING,
  },
  {
    name: 'trimmed-before-committed',
    why: 'what Redis has no commit of is removed',
    edits: [
      {
        file: 'runtime/entries/trimmer.ts',
        from: 'await positions.committed(ownership, key, position);',
        to: '',
      },
    ],
    wishes: REMOVED,
  },
  {
    name: 'removed-whatever-came',
    why: 'a data stream is removed with what has come behind its end',
    edits: [
      {
        file: 'redis/scripts/remove-data.lua',
        from: 'if last[1] and last[1][1] ~= ARGV[1] then',
        to: 'if false then',
      },
    ],
    wishes: REMOVED,
  },
  {
    name: 'announced-before-added',
    why: 'a data stream is announced, read and finished before the entry is there, and nobody is told of that',
    edits: [
      {
        file: 'runtime/appender.ts',
        from: '    await add(\n',
        to: '    known = await ensurer.ensure(streams, { trace, wakes: true, known });\n    await add(\n',
      },
      {
        file: 'runtime/appender.ts',
        from: 'answered: (reply) => found(ensuredOf(reply)),',
        to: 'answered: () => found([]),',
      },
      {
        file: 'runtime/appender.ts',
        from: 'const ensured = await ensurer.ensure(streams, { trace, wakes: true, known });',
        to: 'const ensured = known;',
      },
    ],
    wishes: { ...REMOVED_APART, shape: { ...REMOVED_APART.shape, isEnding: false } },
  },
  {
    name: 'passed-over-uncopied',
    why: 'an entry that fails is skipped, and no copy of it is there',
    edits: [
      {
        file: 'runtime/entries/stream-entries.ts',
        from: "if (options.onEntryError === 'deadLetter') {",
        to: "if (options.onEntryError === 'deadLetter' && attempts > 2) {",
      },
    ],
    wishes: THROWN,
  },
  {
    name: 'passed-over-too-soon',
    why: 'an entry is skipped before its retries are used up',
    edits: [
      {
        file: 'runtime/entries/stream-entries.ts',
        from: 'if (attempts <= options.entryRetries &&',
        to: 'if (attempts < options.entryRetries &&',
      },
    ],
    wishes: THROWN,
  },
  {
    name: 'committed-as-handed-out',
    why: 'entries that are handed out together are committed before anybody has dealt with them',
    edits: [
      {
        file: 'runtime/entries/cursor.ts',
        from: '    this.handedCount = entries.length;\n    return entries;',
        to: '    this.handedCount = entries.length;\n    if (entries.length > 1) this.#host.positions.commit(this.ownership, this.key, this.#handed as string);\n    return entries;',
      },
    ],
    wishes: IN_BATCHES,
  },
  {
    name: 'committed-without-being-told',
    why: 'what a handler is to commit itself is committed as it asks for the next entry',
    edits: [
      {
        file: 'runtime/entries/cursor.ts',
        from: 'if (handed === undefined || !this.options.isAuto) return;',
        to: 'if (handed === undefined) return;',
      },
    ],
    wishes: BY_HAND,
  },
];
