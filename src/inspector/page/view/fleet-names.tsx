/** Names that have what was typed in them, among what is pending: for who knows a part of a name. */
import { useEffect, useState } from 'preact/hooks';
import type { FleetNamesReply } from '../../protocol.js';
import { number, spaced } from '../model/format.js';
import { Breakable } from '../part/breakable.js';
import { api } from '../state/api.js';
import { hrefOf } from '../state/router.js';

/** Who types has not finished yet: each look asks Redis. */
const TYPING_MS = 250;
/** What is shorter is in every other name. */
const LEAST = 2;

/** Null: nothing is known yet, or it could not be asked for: it is a help and no more. */
export function useNames(source: string, part: string): FleetNamesReply | null {
  const [names, setNames] = useState<FleetNamesReply | null>(null);
  useEffect(() => {
    setNames(null);
    if (part.length < LEAST) return undefined;
    let isOver = false;
    const ask = () =>
      api.fleetNames(source, part).then(
        (reply) => !isOver && setNames(reply),
        () => undefined,
      );
    const timer = window.setTimeout(() => void ask(), TYPING_MS);
    return () => {
      isOver = true;
      window.clearTimeout(timer);
    };
  }, [source, part]);
  return names;
}

/** Instead of a stream that is not there. */
export function SimilarNames({ source, part }: { readonly source: string; readonly part: string }) {
  const found = useNames(source, part);
  if (found === null || (found.names.length === 0 && !found.hasMore)) return null;
  return (
    <nav class="similar" aria-label="Names with that in them">
      <p class="muted">
        Pending, with that in the name
        {found.hasMore && `, among the oldest ${number(found.looked)} entries`}:{' '}
        {found.names.length === 0 && 'none'}
      </p>
      <ul>
        {found.names.map(({ name, state, consumer }) => (
          <li key={name} class="wrap">
            <a href={hrefOf({ view: 'fleet', params: { stream: name } })}>
              <Breakable text={name} />
            </a>{' '}
            <span class="muted">
              {spaced(state)} at {consumer}
            </span>
          </li>
        ))}
      </ul>
    </nav>
  );
}
