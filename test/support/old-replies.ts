/** A relay that passes on what a newer server says of scripts as Redis 6.2 says it. For machines without such a server. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface OldReplies extends AsyncDisposable {
  readonly url: string;
}

/** `-OOM command not allowed … script: 4e6d…, on @user_script:12.` */
const NEW_FORM = /^-(?<text>[A-Z]+ .*?) script: (?<sha>[0-9a-f]{40}), on @user_script:(?<line>\d+)\.\r$/gm;

function inOldForm(replies: string): string {
  return replies.replace(
    NEW_FORM,
    (_all, text: string, sha: string, line: string) =>
      `-ERR Error running script (call to f_${sha}): @user_script:${line}: @user_script: ${line}: -${text}  \r`,
  );
}

export async function startOldReplies(host: string, port: number): Promise<OldReplies> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(port, host);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (chunk) => upstream.write(chunk));
    // An error is short, and written in one piece; what is no text passes as it is.
    upstream.on('data', (chunk) => client.write(Buffer.from(inOldForm(chunk.toString('latin1')), 'latin1')));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
