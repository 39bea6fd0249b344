/**
 * Results and position in one transaction, written under the newest owner's fencing token: each entry has its effect once, although it may be read twice. Plain SQL,
 * which Postgres takes as it is; for MySQL see the guide.
 */
import type { PGlite, Transaction } from '@electric-sql/pglite';

/** Thrown when a newer owner has the position: nothing was changed. */
export class StaleOwner extends Error {}

/** Both halves of a token have 64 bits without a sign, which no integer type of Postgres holds. */
export const SCHEMA = `
  CREATE TABLE positions (
    stream    text PRIMARY KEY,
    token_ms  numeric(20) NOT NULL,
    token_seq numeric(20) NOT NULL,
    position  text NOT NULL
  );
  CREATE TABLE balances (
    account text PRIMARY KEY,
    balance bigint NOT NULL
  );`;

interface Owned {
  readonly name: string;
  readonly fencingToken: string;
}

/**
 * An owner takes the row under its token before it reads anything: from here on those before it can write nothing, so what it reads here stays true.
 * Resolves with the position to go on from.
 *
 * @throws StaleOwner
 */
export async function claim(db: PGlite, { name, fencingToken }: Owned): Promise<string> {
  const { rows } = await db.query<{ position: string }>(
    `INSERT INTO positions (stream, token_ms, token_seq, position) VALUES ($1, $2, $3, '0-0')
     ON CONFLICT (stream) DO UPDATE SET token_ms = excluded.token_ms, token_seq = excluded.token_seq
      WHERE (positions.token_ms, positions.token_seq) <= (excluded.token_ms, excluded.token_seq)
     RETURNING position`,
    [name, ...fencingToken.split('-')],
  );
  const [row] = rows;
  if (row === undefined) throw new StaleOwner(`${name} has a newer owner than ${fencingToken}`);
  return row.position;
}

/**
 * Does the work and moves the position, or neither.
 *
 * @param from where the work begins: another owner, or a command that was sent twice, has not moved it since
 * @throws StaleOwner
 */
export async function applyOnce(
  db: PGlite,
  { name, fencingToken }: Owned,
  from: string,
  to: string,
  work: (transaction: Transaction) => Promise<void>,
): Promise<void> {
  await db.transaction(async (transaction) => {
    const { affectedRows } = await transaction.query(
      `UPDATE positions SET position = $5
        WHERE stream = $1 AND token_ms = $2 AND token_seq = $3 AND position = $4`,
      [name, ...fencingToken.split('-'), from, to],
    );
    if (affectedRows !== 1) throw new StaleOwner(`what follows ${from} of ${name} is another owner's`);
    await work(transaction);
  });
}
