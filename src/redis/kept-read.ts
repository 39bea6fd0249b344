/**
 * An XREAD that is sent again and again as it is. To make the text of one for five hundred keys takes longer than all that becomes of it afterwards, so it is
 * made once; and it is bytes, since a text would be encoded anew each time.
 */
import { Command, type Redis } from 'ioredis';

/** The arguments of the command, and what goes over the wire. */
export interface KeptRead {
  readonly args: readonly string[];
  readonly bytes: Buffer;
}

export function keepRead(args: readonly (string | number)[]): KeptRead {
  const texts = args.map(String);
  const all = ['xread', ...texts];
  const parts = all.map((text) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`);
  return { args: texts, bytes: Buffer.from(`*${all.length}\r\n${parts.join('')}`) };
}

class KeptCommand extends Command {
  readonly #bytes: Buffer;

  constructor({ args, bytes }: KeptRead) {
    super('xread', [], { replyEncoding: 'utf8' });
    // For whoever traces commands.
    this.args = args as string[];
    this.#bytes = bytes;
  }

  override toWritable(): Buffer {
    return this.#bytes;
  }
}

/** What Redis answers. */
export function sendKept(client: Redis, kept: KeptRead): Promise<unknown> {
  const command = new KeptCommand(kept);
  client.sendCommand(command);
  return command.promise;
}
