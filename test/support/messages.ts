import type { Message } from '../../src/inspector/protocol.js';

/** A message as the inspector's page is told of it, to the consumer unless told otherwise. */
export function message(seq: number, fields: Partial<Message> = {}): Message {
  return {
    seq,
    at: seq,
    from: null,
    to: 'consumer',
    type: 'start',
    label: null,
    before: 'idle',
    after: 'idle',
    threw: false,
    ...fields,
  };
}
