import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Waits for the end of its input, which comes when the last process that holds the other end of the pipe is gone, then
 * kills and cleans up. It has to outlive its parent, so it is in a group of its own: what is sent to the parent's whole group does not reach it.
 */
const script = `trap '' INT TERM HUP QUIT
read -r line
kill -9 "$1" 2>/dev/null
if [ -n "$2" ]; then rm -rf -- "$2"; fi`;

/**
 * Kills process `pid`, and removes `directory` if one is given, when this process ends in whatever way: by itself, by an
 * uncaught exception, by SIGKILL. No handler in this process could promise the last one.
 *
 * @returns dismisses the guard; call it as soon as `pid` has exited, since the number may be given to another process
 */
export function guardProcess(pid: number, directory: string | undefined): () => void {
  const args = ['-c', script, 'streamwarden-guard', String(pid), directory ?? ''];
  const guard: ChildProcess = spawn('/bin/sh', args, {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  // Without a shell there is no guard, and a server may outlive a killed test run: not a reason to fail the test.
  guard.on('error', () => undefined);
  guard.stdin?.on('error', () => undefined);
  guard.unref();
  if (guard.stdin !== null && 'unref' in guard.stdin) (guard.stdin as unknown as { unref(): void }).unref();
  return () => {
    guard.kill('SIGKILL');
  };
}
