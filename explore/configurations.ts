/** The small worlds that `npm run explore` goes through completely. */
import type { Configuration, FaultKind } from './configuration.js';

type Faults = Partial<Readonly<Record<FaultKind, number>>>;

interface Shape {
  readonly consumers?: 1 | 2 | 3;
  readonly entries?: readonly string[];
  readonly announced?: number;
  readonly capacity?: number;
  readonly maxRetries?: number;
  readonly struck?: number;
}

function configuration(name: string, about: string, faults: Faults, shape: Shape = {}): Configuration {
  const {
    entries = ['n'],
    announced = entries.length,
    capacity = 2,
    maxRetries = 3,
    consumers = 2,
    struck,
  } = shape;
  return {
    name,
    about,
    consumers,
    entries,
    announced,
    capacity,
    maxRetries,
    faults,
    ...(struck !== undefined && { struck }),
  };
}

const TWICE = ['n', 'n'];

export const CONFIGURATIONS: readonly Configuration[] = [
  configuration('same-name', 'two entries of one name, and a handler that throws: tokens', { throw: 1 }, { entries: TWICE }),
  configuration('same-name-apart', 'two entries of one name, each read by another consumer: tokens', { throw: 1 }, { entries: TWICE, capacity: 1 }),
  configuration('lost-answers', 'connections break twice, at any point of any command', { cut: 2 }, { entries: TWICE, struck: 1 }),
  configuration('late-commands', 'commands that were given up are executed later', { late: 2 }, { entries: TWICE, struck: 1 }),
  configuration('late-and-crash', 'the same, and the process that gave them up is gone', { late: 1, crash: 1 }, { entries: TWICE, struck: 1 }),
  configuration('lapse', 'a consumer is cut off for longer than its lease, its name announced twice', { lapse: 1 }, { entries: TWICE, struck: 1 }),
  configuration('lapses', 'a consumer is cut off twice for longer than its lease', { lapse: 2 }, { struck: 1 }),
  configuration('both-lapse', 'both consumers may be cut off for longer than their lease', { lapse: 1 }),
  configuration('beat-in-flight', 'a lease is over while a renewal is under way', { lapse: 1, beat: 1 }, { struck: 1 }),
  configuration('lapse-and-cut', 'a lease is over, and a connection breaks', { lapse: 1, cut: 1 }, { struck: 1 }),
  configuration('lapse-and-late', 'a lease is over, and what was given up is executed later', { lapse: 1, late: 1 }, { struck: 1 }),
  configuration('late-beat-and-lapse', 'a renewal that was given up is executed when presence has run out, and what was sent behind it as well', { late: 1, lapse: 1, beat: 1 }, { consumers: 1 }),
  configuration('crashes', 'two of three consumers crash, and one retry is allowed', { crash: 2 }, { consumers: 3, entries: ['n', 'm'], maxRetries: 1, struck: 2 }),
  configuration('two-sweepers', 'two consumers recover what a third leaves', { lapse: 1 }, { consumers: 3, struck: 1 }),
  configuration('stops', 'both consumers stop', { stop: 2 }, { entries: TWICE }),
  configuration('stop-and-cut', 'a connection breaks during a stop', { stop: 1, cut: 1 }, { entries: TWICE, struck: 1 }),
  configuration('stop-and-late', 'a connection is given up during a stop', { stop: 1, late: 1 }, { entries: TWICE, struck: 1 }),
  configuration('stop-and-lapse', 'a lease is over during a stop', { stop: 1, lapse: 1 }, { struck: 1 }),
  configuration('stop-and-lost-read', 'the answer to a read is lost, and a stop begins', { stop: 1, lostRead: 1 }, { entries: TWICE, struck: 1 }),
  configuration('half-open-readers', 'Redis answers old reads that nobody receives', { halfOpenReader: 2 }, { entries: TWICE, announced: 0, struck: 1 }),
  configuration('stop-and-half-open', 'Redis answers an old read during a stop', { stop: 1, halfOpenReader: 1 }, { entries: TWICE, announced: 1, struck: 1 }),
  configuration('claims', 'an operator claims what a consumer without presence has', { claim: 1, lapse: 1 }, { struck: 1 }),
  configuration('forced-claims', 'an operator takes entries from a living owner', { force: 1 }, { entries: TWICE, struck: 1 }),
  configuration('force-after-late-raise', 'an operator takes by force where a late command has written presence again, and what was given up later is executed', { cut: 1, late: 2, crash: 1, force: 1 }, { consumers: 1, capacity: 1 }),
]; // biome-ignore format: a table
