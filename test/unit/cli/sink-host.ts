import { EventEmitter } from 'node:events';
import { PassThrough, Writable } from 'node:stream';
import type { CliHost } from '../../../src/cli/host.js';

/** A process to run a command in, whose output is kept. */
export function sinkHost(): { readonly host: CliHost; printed(): string } {
  let text = '';
  const sink = () =>
    new Writable({
      decodeStrings: false,
      write(chunk, _encoding, done) {
        text += String(chunk);
        done();
      },
    });
  const stdin = new PassThrough();
  stdin.end();
  return {
    host: { stdin, stdout: sink(), stderr: sink(), env: {}, events: new EventEmitter(), exit: () => {} },
    printed: () => text,
  };
}
