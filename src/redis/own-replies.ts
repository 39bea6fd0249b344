/**
 * Replies as Redis gives them, whatever the application has done to ioredis. `Command.setReplyTransformer` holds for every client of the
 * process, so one that an application sets for commands of its own (XREADGROUP as objects, say) would change what ours are answered with.
 */
import type { Redis } from 'ioredis';

interface SentCommand {
  name: string;
  /** From bytes to text where that was asked for, and then the transformer of its name. */
  transformReply(reply: unknown): unknown;
}

type Send = (this: Redis, command: SentCommand, ...rest: unknown[]) => unknown;

/** Under RESP3 the streams of a read are a map, of which ioredis makes one flat list; under RESP2 they are pairs. */
function pairs(reply: unknown): unknown {
  if (!Array.isArray(reply) || Array.isArray(reply[0])) return reply;
  const made: unknown[] = [];
  for (let at = 0; at + 1 < reply.length; at += 2) made.push([reply[at], reply[at + 1]]);
  return made;
}

/** The reply as it comes, while the command goes by a name that no transformer is for. One function for all commands: each is made for one use. */
function transformPlainly(this: SentCommand, reply: unknown): unknown {
  const { name } = this;
  this.name = '';
  try {
    const text = (Object.getPrototypeOf(this) as SentCommand).transformReply.call(this, reply);
    return name === 'xreadgroup' || name === 'xread' ? pairs(text) : text;
  } finally {
    this.name = name;
  }
}

/** Has a client, and the pipelines that it makes, answer as if there were no transformers. */
export function withOwnReplies(client: Redis): Redis {
  const { sendCommand } = client as unknown as { sendCommand?: Send };
  if (sendCommand === undefined) return client;
  const plain: Send = function (command, ...rest) {
    // A property of its own, plainly set: this runs for every command.
    command.transformReply = transformPlainly;
    return sendCommand.call(this, command, ...rest);
  };
  return Object.assign(client, { sendCommand: plain });
}
