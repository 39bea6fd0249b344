/** The programs in examples/, as processes. */
import { expect } from 'chai';
import type { Redis } from 'ioredis';
import { JsonLineProcess } from '../../src/testing/json-line-process.js';
import { eventually } from './eventually.js';
import { hangingMs } from './pace.js';
import { type ProgramName, usePrograms } from './programs.js';

type ExampleName = ProgramName extends infer Name
  ? Name extends `examples/${infer Example}`
    ? Example
    : never
  : never;

export interface ExampleOptions {
  /** Has it lead a process group, as a shell does: `process.kill(-pid, 'SIGINT')` is what Ctrl-C does. */
  readonly leadsGroup?: boolean;
}

export interface Examples {
  /** Starts one, and does not wait for it. Killed after the test. */
  start(name: ExampleName, env?: Readonly<Record<string, string>>, options?: ExampleOptions): JsonLineProcess;
}

/** Waits until it has printed what fits; resolves with the match. */
export async function printed(example: JsonLineProcess, what: RegExp): Promise<RegExpExecArray> {
  return await eventually(`the example prints ${what}`, () => {
    const match = what.exec(example.stdout);
    if (match === null && !example.running) throw new Error(`its end\n${outputOf(example)}`);
    return match;
  });
}

/** Waits for its end, which has to be a good one. */
export async function ended(example: JsonLineProcess): Promise<void> {
  expect(await example.exit, outputOf(example)).to.deep.equal({ code: 0, signal: null });
}

/** The one order of the service is free for anybody, at no cost: its owner gave it back, and did not just die. */
export async function expectHandedOver(redis: Redis, order: string): Promise<void> {
  expect(await redis.xpending('orders-input', 'orders-group')).to.have.property('0', 0);
  const entries = await redis.xrange('orders-input', '-', '+');
  expect(entries.map(([, fields]) => fields)).to.deep.equal([
    ['lbs-input', JSON.stringify({ DataStreamName: order }), '_retry_count', '0'],
  ]);
}

export function outputOf({ stdout, stderr }: JsonLineProcess): string {
  return `${stdout}\n${stderr}`;
}

export function useExamples(): Examples {
  const started: JsonLineProcess[] = [];
  const programs = usePrograms();

  afterEach(async () => {
    const open = started.splice(0);
    for (const one of open) one.kill('SIGKILL');
    await Promise.all(open.map((one) => one.exit));
  });

  return {
    start(name, env = {}, { leadsGroup = false } = {}) {
      // What the developer's own shell has set must not decide what a test sees.
      const { POD_NAME, POD_IP, PORT, REDIS_URL, STREAMWARDEN_SERVICE, ...rest } = process.env;
      const command = [process.execPath, programs(`examples/${name}`)];
      if (leadsGroup) command.unshift('setsid');
      const [file = '', ...args] = command;
      const one = JsonLineProcess.spawn(file, args, { ...rest, ...env }, hangingMs());
      started.push(one);
      return one;
    },
  };
}
