import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Keeps a list of processes, changed by lines on its input: `+ entry pid directory` and `- entry`. Its input ends when the last process that
 * holds the other end of the pipe is gone; then it kills what is on the list and cleans up. It has to outlive its parent, so it is in a group of its
 * own: what is sent to the parent's whole group does not reach it.
 */
const script = String.raw`trap '' INT TERM HUP QUIT
entries=
while read -r change entry pid directory; do
  if [ "$change" = + ]; then
    entries="$entries $entry"
    eval "pid_$entry=\$pid directory_$entry=\$directory"
  else
    others=
    for one in $entries; do
      if [ "$one" != "$entry" ]; then others="$others $one"; fi
    done
    entries=$others
    unset "pid_$entry" "directory_$entry"
  fi
done
for entry in $entries; do
  eval "pid=\$pid_$entry directory=\$directory_$entry"
  kill -9 "$pid" 2>/dev/null
  if [ -n "$directory" ]; then rm -rf -- "$directory"; fi
done`;

interface Guarded {
  readonly pid: number;
  readonly directory: string;
}

/** By number: a process's own may be given to another one before its end is heard of. */
const guarded = new Map<number, Guarded>();
let entries = 0;
/** One for all: to start a process can cost more than what is guarded does. */
let guard: ChildProcess | undefined;

/**
 * Kills process `pid`, and removes `directory` if one is given, when this process ends in whatever way: by itself, by an
 * uncaught exception, by SIGKILL. No handler in this process could promise the last one.
 *
 * @returns dismisses the guard; call it as soon as `pid` has exited, since the number may be given to another process
 */
export function guardProcess(pid: number, directory: string | undefined): () => void {
  entries += 1;
  const entry = entries;
  // What is not one line would be read as another directory.
  guarded.set(entry, {
    pid,
    directory: directory === undefined || /[\r\n]/.test(directory) ? '' : directory,
  });
  if (guard === undefined) guard = startGuard();
  else add(guard, entry);
  return () => {
    if (guarded.delete(entry) && guard !== undefined) tell(guard, `- ${entry}`);
  };
}

function startGuard(): ChildProcess {
  const started = spawn('/bin/sh', ['-c', script, 'streamwarden-guard'], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  // Without a shell there is no guard, and a server may outlive a killed test run: not a reason to fail the test.
  started.on('error', () => undefined);
  started.stdin?.on('error', () => undefined);
  // Whoever is guarded next gets another one, which the rest is told to as well.
  started.once('exit', () => {
    if (guard === started) guard = undefined;
  });
  started.unref();
  const { stdin } = started;
  if (stdin !== null && 'unref' in stdin) (stdin as unknown as { unref(): void }).unref();
  for (const entry of guarded.keys()) add(started, entry);
  return started;
}

function add(to: ChildProcess, entry: number): void {
  const one = guarded.get(entry);
  if (one !== undefined) tell(to, `+ ${entry} ${one.pid} ${one.directory}`);
}

function tell({ stdin }: ChildProcess, line: string): void {
  stdin?.write(`${line}\n`);
}
