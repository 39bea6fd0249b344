/** The stream of the server's messages, from the first hello on, through every interruption. */
import { addresses, PROTOCOL_VERSION, type ServerMessage } from '../../protocol.js';
import { api, RequestFailed } from './api.js';
import { connection, machines, page, receive } from './store.js';
import { watchAgain } from './watching.js';

const RETRY_MS = 2_000;

function opened(message: Extract<ServerMessage, { kind: 'hello' }>): boolean {
  if (message.protocol !== PROTOCOL_VERSION) {
    connection.value = { kind: 'incompatible', server: message.protocol };
    return false;
  }
  connection.value = { kind: 'open' };
  return true;
}

function lost(): void {
  if (connection.value.kind !== 'lost') connection.value = { kind: 'lost', since: Date.now() };
}

/** An EventSource says nothing of why it was refused: an ordinary request for the same does. */
async function whyRefused(): Promise<string | null> {
  try {
    await api.tryLive();
    return null;
  } catch (error) {
    return error instanceof RequestFailed && error.status !== 0 ? error.message : null;
  }
}

async function loadMachines(): Promise<void> {
  if (machines.value.size > 0) return;
  try {
    const all = await api.machines();
    machines.value = new Map(all.map((machine) => [machine.id, machine]));
  } catch {
    // Asked again with the next hello; until then actors have no chart.
  }
}

export function connect(): void {
  const source = new EventSource(addresses.live);
  source.onmessage = ({ data }: MessageEvent<string>) => {
    const message = JSON.parse(data) as ServerMessage;
    if (message.kind === 'hello') {
      if (!opened(message)) {
        source.close();
        return;
      }
      receive(message);
      void loadMachines();
      watchAgain(page);
      return;
    }
    receive(message);
  };
  source.onerror = () => {
    // The browser tries again by itself, unless it was refused.
    if (source.readyState !== EventSource.CLOSED) {
      lost();
      return;
    }
    void whyRefused().then((message) => {
      if (message === null) lost();
      else connection.value = { kind: 'refused', message };
      setTimeout(connect, RETRY_MS);
    });
  };
}
