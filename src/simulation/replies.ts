/** Answers of the simulated Redis as ioredis hands them out. */
import { type Reply, ReplyError, StatusReply, toBuffer, toText } from './redis/index.js';

export function isReplyError(reply: Reply | undefined): reply is ReplyError {
  return reply instanceof ReplyError;
}

export function toTexts(reply: Reply | undefined): unknown {
  if (typeof reply === 'string') return toText(reply);
  if (Array.isArray(reply)) return reply.map(toTexts);
  return reply instanceof StatusReply ? reply.status : reply;
}

export function toBuffers(reply: Reply | undefined): unknown {
  if (typeof reply === 'string') return toBuffer(reply);
  if (Array.isArray(reply)) return reply.map(toBuffers);
  return reply instanceof StatusReply ? Buffer.from(reply.status) : reply;
}
