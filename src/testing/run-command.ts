import { execFile } from 'node:child_process';
import { messageOf } from '../core/errors.js';

export interface CommandResult {
  readonly ok: boolean;
  /** Standard output and standard error, one after the other. */
  readonly output: string;
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly timeoutMs?: number;
}

/** Runs a program to its end. A program that is missing, fails or takes too long is an answer, not an exception. */
export function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { env, cwd, timeoutMs = 60_000 } = options;
  const how = {
    cwd,
    env: { ...process.env, ...env },
    timeout: timeoutMs,
    maxBuffer: 16 * 1024 * 1024,
    encoding: 'utf8',
  } as const;
  return new Promise<CommandResult>((resolve) => {
    execFile(command, args, how, (error, stdout, stderr) => {
      const output = `${stdout}${stderr}`;
      if (error === null) resolve({ ok: true, output });
      else resolve({ ok: false, output: output === '' ? error.message : output });
    });
    // Node.js throws where a part of the path is no folder, among others.
  }).catch((error: unknown) => ({ ok: false, output: messageOf(error) }));
}
