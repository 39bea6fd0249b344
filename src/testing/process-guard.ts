import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Waits for the end of its input, which comes when the last process that holds the other end of the pipe is gone, then
 * kills and cleans up. It has to outlive its parent, so it is in a group of its own: what is sent to the parent's whole group does not reach it.
 */
const script = `trap '' INT TERM HUP QUIT
pids=
while read -r order pid directory; do
  case $order in
    guard) pids="$pids $pid"; eval "guarded_$pid=yes directory_$pid=\\$directory" ;;
    dismiss) eval "guarded_$pid=" ;;
  esac
done
for pid in $pids; do
  eval "guarded=\\$guarded_$pid directory=\\$directory_$pid"
  if [ -n "$guarded" ]; then
    kill -9 "$pid" 2>/dev/null
    if [ -n "$directory" ]; then rm -rf -- "$directory"; fi
  fi
done`;

/** One for all that this process guards: each costs the start of a process. */
let guard: ChildProcess | undefined;

/** Process id → the directory to remove. */
const guarded = new Map<number, string>();

/**
 * Kills process `pid`, and removes `directory` if one is given, when this process ends in whatever way: by itself, by an
 * uncaught exception, by SIGKILL. No handler in this process could promise the last one.
 *
 * @returns dismisses the guard; call it as soon as `pid` has exited, since the number may be given to another process
 */
export function guardProcess(pid: number, directory: string | undefined): () => void {
  guarded.set(pid, directory ?? '');
  if (guard === undefined) {
    guard = startGuard();
    for (const entry of guarded) tell(orderFor(...entry));
  } else {
    tell(orderFor(pid, directory ?? ''));
  }
  return () => {
    if (!guarded.delete(pid)) return;
    tell(`dismiss ${pid}\n`);
  };
}

const orderFor = (pid: number, directory: string) => `guard ${pid} ${directory}\n`;

function tell(order: string): void {
  guard?.stdin?.write(order);
}

function startGuard(): ChildProcess {
  const started = spawn('/bin/sh', ['-c', script, 'streamwarden-guard'], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  const gone = () => {
    if (guard === started) guard = undefined;
  };
  // Without a shell there is no guard, and a server may outlive a killed test run: not a reason to fail the test.
  started.on('error', gone);
  started.on('exit', gone);
  started.stdin?.on('error', () => undefined);
  started.unref();
  if (started.stdin !== null && 'unref' in started.stdin)
    (started.stdin as unknown as { unref(): void }).unref();
  return started;
}
