/** All that the command line touches of the process that it runs in. Whoever runs it inside a process of their own brings their own. */
import type { ReadStream, WriteStream } from 'node:tty';

/** Where text goes. The members of a terminal are there when it is one. */
export type HostOutput = NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY' | 'columns' | 'rows'>>;

/** Where keys and answers come from. */
export type HostInput = NodeJS.ReadableStream & Partial<Pick<ReadStream, 'isTTY' | 'setRawMode' | 'unref'>>;

export interface HostEvents {
  /** `event`: a signal, or `exit`, after which nothing asynchronous runs any more. */
  on(event: NodeJS.Signals | 'exit', listener: () => void): unknown;
  off(event: NodeJS.Signals | 'exit', listener: () => void): unknown;
}

export interface CliHost {
  readonly stdin: HostInput;
  readonly stdout: HostOutput;
  readonly stderr: HostOutput;
  readonly env: Readonly<NodeJS.ProcessEnv>;
  readonly events: HostEvents;
  /** Ends everything at once, whatever is under way; a process does not come back from it. */
  exit(code: number): void;
}

/** The process itself. */
export function processHost(): CliHost {
  const { stdout, stderr, env } = process;
  return {
    // Opened only by whoever reads it.
    get stdin() {
      return process.stdin;
    },
    stdout,
    stderr,
    env,
    events: process,
    exit: (code) => process.exit(code),
  };
}
