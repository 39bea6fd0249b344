/** A table that a stale owner cannot write to. */
import type { PGlite } from '@electric-sql/pglite';

/** Thrown when a newer owner has written: nothing was changed. */
export class StaleOwner extends Error {}

/** Both halves of a token have 64 bits without a sign, which no integer type of Postgres holds. */
export const SCHEMA = `
  CREATE TABLE orders (
    name      text PRIMARY KEY,
    state     text NOT NULL,
    token_ms  numeric(20) NOT NULL,
    token_seq numeric(20) NOT NULL
  );
  CREATE TABLE order_log (
    id    bigserial PRIMARY KEY,
    name  text NOT NULL,
    state text NOT NULL,
    token text NOT NULL
  );`;

/**
 * The row remembers the newest token that has written it, and is written only under that one or a newer one. What goes to other tables goes
 * with it, in the same statement: it is written for the rows that came through.
 */
const WRITE = `
  WITH fenced AS (
    INSERT INTO orders (name, state, token_ms, token_seq)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (name) DO UPDATE
       SET state = excluded.state, token_ms = excluded.token_ms, token_seq = excluded.token_seq
     WHERE (orders.token_ms, orders.token_seq) <= (excluded.token_ms, excluded.token_seq)
    RETURNING name, state, token_ms, token_seq
  )
  INSERT INTO order_log (name, state, token)
  SELECT name, state, token_ms || '-' || token_seq FROM fenced
  RETURNING id`;

/** @throws StaleOwner */
export async function writeState(
  db: PGlite,
  owned: { name: string; fencingToken: string },
  state: string,
): Promise<void> {
  const { name, fencingToken } = owned;
  const [ms, sequence] = fencingToken.split('-');
  const { rows } = await db.query(WRITE, [name, state, ms, sequence]);
  if (rows.length === 0)
    throw new StaleOwner(`${name} has been written under a newer token than ${fencingToken}`);
}
