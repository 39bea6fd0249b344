/** One thing that the library is used with, in one version, and the tests that depend on it. */
export type CellKind = 'server' | 'node' | 'ioredis';

export interface Cell {
  readonly kind: CellKind;
  /** For people and for `--only`: `redis 8.0.6`, `node 24`, `ioredis 5.4`. */
  readonly name: string;
  /** Fetches it. @throws Unavailable */
  prepare(): Promise<Surroundings>;
}

/** What the tests run in. */
export interface Surroundings {
  /** Version in full. */
  readonly version: string;
  /** The project's folder, or a copy of it. */
  readonly folder: string;
  /** The program that runs them. */
  readonly node: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface Outcome {
  readonly kind: CellKind;
  readonly name: string;
  readonly version: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly failures: readonly string[];
}

/** It cannot be had here: no mirror, no registry, another kind of system. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}

/** Folders of tests whose results a server, or a client library, has no part in. */
const APART = ['explore', 'inspector', 'packaging', 'replay', 'simulation', 'support', 'unit'];

/** @param folders all of `test/` */
export function foldersFor(kind: CellKind, folders: readonly string[]): string[] {
  const wanted = folders.filter((folder) => kind === 'node' || !APART.includes(folder));
  return wanted.filter((folder) => folder !== 'support').map((folder) => `test/${folder}`);
}
