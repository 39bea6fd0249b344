import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LauncherError } from './errors.js';

/** Where a server with TLS finds its certificate; all are paths of PEM files. */
export interface ServerTls {
  readonly certPath: string;
  readonly keyPath: string;
  /** Certificates by which clients must prove themselves. Without it clients need none. */
  readonly caPath?: string;
}

export interface ServerConfigOptions {
  /**
   * Directives of `redis.conf`, written as they stand: `{ 'save': '3600 1 300 100', 'maxmemory': '50mb' }`. An empty
   * string is written as `""`; a list writes its directive several times.
   */
  readonly config?: Readonly<Record<string, string | number | readonly string[]>>;
  /**
   * Keeps every write in the append-only file, so that data outlives `restart()` and `kill()`.
   *
   * @defaultValue false: nothing is kept
   */
  readonly appendOnly?: boolean;
  /** What the default user must authenticate with (`requirepass`). */
  readonly password?: string;
  /** Lines of the ACL file, such as `user app on >secret ~* +@all`. Excludes `password`: put it on the default user. */
  readonly aclUsers?: readonly string[];
  /** Serves TLS, and nothing but TLS. */
  readonly tls?: ServerTls;
}

/** What the launcher itself depends on. */
const reserved = [
  'port',
  'tls-port',
  'bind',
  'dir',
  'daemonize',
  'logfile',
  'loglevel',
  'aclfile',
  'unixsocket',
];

/** @throws {@link LauncherError} `InvalidOption` */
export function checkServerConfig(options: ServerConfigOptions): void {
  for (const name of reserved) {
    if (options.config?.[name] !== undefined) {
      throw new LauncherError(
        'InvalidOption',
        `expected config without ${name}, which the launcher sets, got: one`,
      );
    }
  }
  if (options.password !== undefined && options.aclUsers !== undefined) {
    throw new LauncherError('InvalidOption', 'expected either password or aclUsers, got: both');
  }
}

/**
 * Writes `redis.conf`, and `users.acl` if there are users, into `dir`. A file, and not arguments, so that `CONFIG REWRITE`
 * works and a restart finds what was rewritten.
 *
 * @returns the path of `redis.conf`
 */
export async function writeServerConfig(
  options: ServerConfigOptions,
  dir: string,
  port: number,
): Promise<string> {
  const files = serverConfigFiles(options, { bind: '127.0.0.1', port, dir });
  for (const { name, content } of files) await writeFile(join(dir, name), content);
  return join(dir, configFileName);
}

export const configFileName = 'redis.conf';

/** Where a server is found, and where it finds its files. */
export interface ServerPlace {
  readonly bind: string;
  readonly port: number;
  readonly dir: string;
}

/** The files that a server is to find in its directory. */
export function serverConfigFiles(
  options: ServerConfigOptions,
  { bind, port, dir }: ServerPlace,
): { readonly name: string; readonly content: string }[] {
  const files: { name: string; content: string }[] = [];
  const lines = [
    `bind ${bind}`,
    `port ${options.tls === undefined ? port : 0}`,
    `dir ${quote(dir)}`,
    'daemonize no',
    // The smallest worth having: the launcher waits for a line of this level.
    'loglevel notice',
    `appendonly ${options.appendOnly === true ? 'yes' : 'no'}`,
  ];
  if (options.config?.save === undefined) lines.push('save ""');
  if (options.password !== undefined) lines.push(`requirepass ${quote(options.password)}`);
  if (options.aclUsers !== undefined) {
    files.push({ name: 'users.acl', content: `${options.aclUsers.join('\n')}\n` });
    lines.push(`aclfile ${quote(join(dir, 'users.acl'))}`);
  }
  if (options.tls !== undefined) lines.push(...tlsLines(options.tls, port));
  for (const [name, value] of Object.entries(options.config ?? {})) {
    for (const single of Array.isArray(value) ? value : [value]) {
      lines.push(`${name} ${single === '' ? '""' : single}`);
    }
  }
  return [...files, { name: configFileName, content: `${lines.join('\n')}\n` }];
}

function tlsLines(tls: ServerTls, port: number): string[] {
  return [
    `tls-port ${port}`,
    `tls-cert-file ${quote(tls.certPath)}`,
    `tls-key-file ${quote(tls.keyPath)}`,
    `tls-ca-cert-file ${quote(tls.caPath ?? tls.certPath)}`,
    `tls-auth-clients ${tls.caPath === undefined ? 'no' : 'yes'}`,
  ];
}

/** A value in double quotes, in which Redis reads the escapes of JSON. */
function quote(value: string): string {
  return JSON.stringify(value);
}
