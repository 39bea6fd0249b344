/** The password that consumers find in a file, and how it is changed under them. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';

/** Whoever runs the soak is another user, whose password stays. */
const OPERATOR = { username: 'operator', password: 'of-the-soak' };
const FIRST = 'password-0';

/** Of the server that the soak begins with. */
export const ACL_USERS: readonly string[] = [
  `user default on >${FIRST} ~* &* +@all`,
  `user ${OPERATOR.username} on >${OPERATOR.password} ~* &* +@all`,
];

/** The same address for whoever runs the soak. */
export function asOperator(url: string): string {
  return Object.assign(new URL(url), OPERATOR).href;
}

export class Credentials {
  /** Holds the password. */
  readonly file: string;
  readonly #client: Redis;
  #count = 0;
  #password = FIRST;

  /** @param folder where the file is kept */
  constructor(client: Redis, folder: string) {
    this.#client = client;
    this.file = join(folder, 'password');
    this.#write();
  }

  /** From now on there are two passwords, of which the file holds the new one. @returns takes the old one back, and disconnects everybody */
  async rotate(): Promise<() => Promise<void>> {
    const old = this.#password;
    this.#count += 1;
    this.#password = `password-${this.#count}`;
    await this.#set(`>${this.#password}`);
    this.#write();
    return async () => {
      await this.#set(`<${old}`);
      await this.#client.client('KILL', 'USER', 'default');
    };
  }

  /** Saved, so that a restart finds it. */
  async #set(rule: string): Promise<void> {
    await this.#client.acl('SETUSER', 'default', rule);
    await this.#client.acl('SAVE');
  }

  /** Nobody finds half of it. */
  #write(): void {
    writeFileSync(`${this.file}.new`, this.#password, { mode: 0o600 });
    renameSync(`${this.file}.new`, this.file);
  }
}
