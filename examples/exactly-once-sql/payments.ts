/** What an owner does with a stream of payments. The table, and who is told, are given to it, so that a test can run it in a simulation. */
import type { PGlite } from '@electric-sql/pglite';
import type { StreamHandler } from 'streamwarden';
import { applyOnce, claim } from './balances.js';

export interface PaymentsOptions {
  readonly db: PGlite;
  /** So many entries go in one transaction. */
  readonly count: number;
  /** Before each transaction. */
  before(n: string): Promise<unknown>;
}

export function bookPayments({ db, count, before }: PaymentsOptions): StreamHandler {
  return async (stream) => {
    let position = await claim(db, stream);
    // The position is in SQL, so streamwarden is not to keep one.
    for await (const { entries } of stream.batches({ from: position, count, commit: 'manual' })) {
      await before(entries[0]?.fields.n ?? '');
      const last = entries.at(-1)?.id ?? position;
      await applyOnce(db, stream, position, last, async (transaction) => {
        for (const { fields } of entries) {
          await transaction.query(
            `INSERT INTO balances (account, balance) VALUES ($1, $2)
             ON CONFLICT (account) DO UPDATE SET balance = balances.balance + excluded.balance`,
            [fields.account, fields.amount],
          );
        }
      });
      position = last;
    }
  };
}
