import { onePerProcess } from '../core/one-per-process.js';

/** What every server of the launcher can say of itself while it is not stopped. */
export interface OpenServer {
  readonly port: number;
  readonly dir: string;
  stop(): Promise<void>;
}

const open = onePerProcess('open servers', () => new Set<OpenServer>());

/** The servers that this process has started and not stopped, oldest first. A test suite checks that it is empty. */
export function openServers(): readonly OpenServer[] {
  return [...open];
}

/** @internal */
export function trackServer(server: OpenServer): void {
  open.add(server);
}

/** @internal */
export function untrackServer(server: OpenServer): void {
  open.delete(server);
}
