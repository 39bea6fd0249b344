/**
 * Replies as RESP2 has them. A bulk string is a text of one character a byte (`bytes.ts` turns it into text or a Buffer), an integer a
 * number, a null bulk and a null array null. Simple strings and errors are objects, so that nothing is mistaken for them.
 */
export type Reply = null | number | string | StatusReply | ReplyError | Reply[];

/** A simple string: `+OK`. */
export class StatusReply {
  readonly status: string;

  constructor(status: string) {
    this.status = status;
  }
}

/** An error reply. `message` begins with its code: `WRONGTYPE Operation against …`. Not an Error: commands throw and return it. */
export class ReplyError {
  readonly message: string;

  constructor(message: string) {
    // An error is one line.
    this.message = /[\r\n]/.test(message)
      ? message.replace(/^[\r\n]+|[\r\n]+$/g, '').replace(/[\r\n]/g, ' ')
      : message;
  }
}

export const OK = new StatusReply('OK');
export const PONG = new StatusReply('PONG');

export const WRONG_TYPE = new ReplyError('WRONGTYPE Operation against a key holding the wrong kind of value');
export const SYNTAX_ERROR = new ReplyError('ERR syntax error');
export const NO_SUCH_KEY = new ReplyError('ERR no such key');
