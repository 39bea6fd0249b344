/** Dead letters as the server tells them: a page at a time, and counted a thousand at a time. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { DeadLetterRow, LetterGroupsReply, LettersFilter } from '../../protocol.js';
import { countedOn } from '../model/letters.js';
import { api, messageOf } from './api.js';

/** Who types has not finished yet: each look asks Redis. */
const TYPING_MS = 200;

export interface Letters {
  readonly length: number;
  readonly rows: readonly DeadLetterRow[];
  readonly after: string | null;
}

export interface LettersLook {
  readonly letters: Letters | null;
  readonly counted: LetterGroupsReply | null;
  readonly isCounting: boolean;
  readonly failure: string | null;
  readonly reload: () => void;
  readonly more: () => void;
  readonly countAll: () => void;
}

interface Counted {
  /** Which letters: by now others may be asked for. */
  readonly of: string;
  readonly sum: LetterGroupsReply;
}

/** @param version another one: there are others by now */
export function useLetters(runtime: string, filter: LettersFilter, version: string): LettersLook {
  const [letters, setLetters] = useState<Letters | null>(null);
  const [count, setCount] = useState<Counted | null>(null);
  const [isCounting, setCounting] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const key = JSON.stringify(filter);
  const counted = count?.of === key ? count.sum : null;
  // Answers to what was asked before are not wanted any more.
  const round = useRef(0);

  const guarded = async (ask: (isWanted: () => boolean) => Promise<void>) => {
    const mine = round.current;
    const isWanted = () => round.current === mine;
    try {
      await ask(isWanted);
      if (isWanted()) setFailure(null);
    } catch (error) {
      if (isWanted()) setFailure(messageOf(error));
    }
  };
  const list = (after: string | null) =>
    guarded(async (isWanted) => {
      const reply = await api.deadLetters(runtime, filter, after);
      if (!isWanted()) return;
      setLetters((before) => ({
        length: reply.length,
        rows: [...(after === null ? [] : (before?.rows ?? [])), ...reply.letters],
        after: reply.after,
      }));
    });
  const countOn = (from: LetterGroupsReply | null, toTheEnd: boolean) =>
    guarded(async (isWanted) => {
      let sum = from;
      do {
        sum = countedOn(sum, await api.letterGroups(runtime, filter, sum));
        if (!isWanted()) return;
        setCount({ of: key, sum });
      } while (toTheEnd && sum.after !== null);
    });
  const reload = () => {
    round.current += 1;
    setCounting(false);
    void list(null).then(() => countOn(null, false));
  };
  useEffect(() => {
    round.current += 1;
    const timer = window.setTimeout(reload, filter.find === undefined ? 0 : TYPING_MS);
    return () => window.clearTimeout(timer);
  }, [runtime, key, version]);

  return {
    letters,
    counted,
    isCounting,
    failure,
    reload,
    more: () => void list(letters?.after ?? null),
    countAll: () => {
      setCounting(true);
      void countOn(counted, true).then(() => setCounting(false));
    },
  };
}
