/** docs/reference/contract.md repeats what the code says of options, error codes and notifications. Here the two are compared. */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type {
  BackoffOptions,
  BalanceOptions,
  ErrorCode,
  Notification,
  RuntimeOptions,
} from '../../src/index.js';
import { isStreamwardenError } from '../../src/index.js';
import { compileOptions } from '../../src/runtime/options.js';

const contract = readFileSync(new URL('../../docs/reference/contract.md', import.meta.url), 'utf8');

// Records over the types: tsc refuses them when a name is missing here, or is none any more.
const OPTIONS: Readonly<Record<keyof RuntimeOptions, readonly string[]>> = {
  redis: [],
  clusterMode: [],
  data: [],
  service: [],
  consumerId: [],
  capacity: [],
  heartbeatMs: [],
  heartbeat: [],
  maxBlockedMs: [],
  reconcileEveryMs: [],
  reconcileJitter: [],
  minIdleMs: [],
  scanBatch: [],
  maxRetries: [],
  provenAfterMs: [],
  flushMs: [],
  checkpointKeepMs: [],
  maxEntryBytes: [],
  largeIntegers: [],
  duplicates: [],
  dlqStream: [],
  dlqMaxLen: [],
  readRetry: namesOf<keyof NonNullable<RuntimeOptions['readRetry']>>({ attempts: 0, initialMs: 0, maxMs: 0 }),
  handlerBackoff: namesOf<keyof BackoffOptions>({ initialMs: 0, maxMs: 0 }),
  notificationBuffer: [],
  lockKeys: [],
  autoClaim: [],
  keyspaceEvents: [],
  keyspaceOverride: [],
  onUncertain: [],
  handOverGraceMs: [],
  startTimeoutMs: [],
  infoSchema: [],
  checkpointSchema: [],
  onInvalidInfo: [],
  logger: [],
  onError: [],
  weight: [],
  load: [],
  balance: namesOf<keyof BalanceOptions>({ maxMoves: 0, maxShare: 0, everyMs: 0, settleMs: 0, movable: 0 }),
  clock: [],
  historyKey: [],
  record: [],
  inspect: [],
  telemetry: [],
  recorder: [],
};

/** Defaults that are no plain value. */
const IN_WORDS: Readonly<Record<string, string>> = {
  redis: 'required',
  clusterMode: 'what redis is',
  data: 'where redis is',
  service: 'required',
  consumerId: 'from POD, or host',
  dlqStream: '<service>-input-dlq',
  readRetry: 'the next three',
  handlerBackoff: 'the next two',
  infoSchema: '—',
  checkpointSchema: '—',
  logger: 'nowhere',
  onError: 'none',
  recorder: 'none',
  load: 'the number of streams',
  balance: 'the next four',
  'balance.movable': '—',
  clock: "the system's",
  historyKey: '—',
  record: '—',
  inspect: '—',
};

const CODES = namesOf<ErrorCode>({
  InvalidOption: 0,
  ClusterClientRequired: 0,
  ClusterNotSettled: 0,
  InvalidState: 0,
  InvalidCheckpoint: 0,
  RedisUnavailable: 0,
  OutcomeUnknown: 0,
  RedisRefused: 0,
  PermissionDenied: 0,
  CommandsMissing: 0,
  ServerTooOld: 0,
  KeyspaceConfigConflict: 0,
  KeyspaceConfigForbidden: 0,
  KeyspaceSetupFailed: 0,
  StartTimeout: 0,
  ReadRetriesExhausted: 0,
  LeaseRefused: 0,
  StreamNotOwned: 0,
  EntryInvalid: 0,
  StreamReleased: 0,
  StreamTouched: 0,
  StreamCancelled: 0,
  LeaseUncertain: 0,
  AlreadyClaimed: 0,
  OwnerAlive: 0,
  ProcessorAttached: 0,
  RuntimeStopped: 0,
  ServiceNotFound: 0,
  NotAStream: 0,
  ProtocolMismatch: 0,
  RecordingFailed: 0,
  RecordingUnreadable: 0,
  RecordingMalformed: 0,
  RecordingUnsupported: 0,
  RecordingUnplayable: 0,
  InspectorFailed: 0,
});

const NOTIFICATIONS = namesOf<Notification['type']>({
  StreamAdded: 0,
  StreamUncertain: 0,
  StreamConfirmed: 0,
  StreamDisowned: 0,
  StreamTouched: 0,
  StreamCancelled: 0,
  StreamMoving: 0,
  StreamFailed: 0,
  StreamExpired: 0,
  StreamDeadLettered: 0,
  EntriesTrimmed: 0,
  EntryFailed: 0,
  StreamTerminated: 0,
});

function namesOf<Name extends string>(all: Readonly<Record<Name, unknown>>): string[] {
  return Object.keys(all);
}

/** The table below a heading, a record of column → cell for each row, backticks taken off the first column. */
function tableBelow(heading: string): Record<string, string>[] {
  const lines = contract.slice(contract.indexOf(`\n## ${heading}\n`)).split('\n');
  const start = lines.findIndex((line) => line.startsWith('|'));
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('|'));
  const [header = [], , ...rows] = lines.slice(start, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  return rows.map((row) =>
    Object.fromEntries(header.map((column, index) => [column, (row[index] ?? '').replace(/^`(.*)`$/, '$1')])),
  );
}

const base = { redis: 'redis://127.0.0.1', service: 'orders', consumerId: 'me' };

/** An option's path, `readRetry.maxMs`, as an object that sets it. */
function setting(path: string, value: unknown): Record<string, unknown> {
  const [name = '', member] = path.split('.');
  return { [name]: member === undefined ? value : { [member]: value } };
}

function refusalOf(path: string, value: unknown): string {
  try {
    compileOptions({ ...base, ...setting(path, value) } as unknown as RuntimeOptions, {});
  } catch (error) {
    if (isStreamwardenError(error, 'InvalidOption')) return error.message;
    throw error;
  }
  throw new Error(`expected ${path} to refuse ${String(value)}`);
}

function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((inner, key) => (inner as Record<string, unknown>)[key], value);
}

describe('docs/reference/contract.md', () => {
  describe('options', () => {
    const rows = tableBelow('Options');
    const paths = Object.entries(OPTIONS).flatMap(([name, members]) => [
      name,
      ...members.map((member) => `${name}.${member}`),
    ]);

    it('lists every option once', () => {
      expect(rows.map(({ option }) => option)).to.deep.equal(paths);
    });

    for (const row of rows) {
      const option = String(row.option);

      it(`says what ${option} has to be`, () => {
        // No option takes a negative fraction.
        const message = refusalOf(option, -1.5);
        expect(message).to.equal(`expected ${option} to be ${row['has to be']}, got: -1.5`);
      });

      it(`says the default of ${option}`, () => {
        const words = IN_WORDS[option];
        expect(row.default).to.equal(words ?? String(at(compileOptions(base, {}), option)));
      });
    }

    it('says the default name of the dead-letter stream', () => {
      const row = rows.find(({ option }) => option === 'dlqStream');
      expect(row?.default?.replace('<service>', base.service)).to.equal(compileOptions(base, {}).names.dlq);
    });

    it('says where every range ends', () => {
      for (const { option = '', 'has to be': range = '' } of rows) {
        const [, min, max] = /^an integer from (-?\d+) to (\d+)$/.exec(range) ?? [];
        if (min === undefined) continue;
        expect(refusalOf(option, Number(min) - 1), option).to.include(range);
        expect(refusalOf(option, Number(max) + 1), option).to.include(range);
      }
    });
  });

  it('lists every error code once', () => {
    expect(tableBelow('Error codes').map(({ code }) => code)).to.deep.equal(CODES);
  });

  it('lists every notification once', () => {
    expect(tableBelow('Notifications').map(({ type }) => type)).to.deep.equal(NOTIFICATIONS);
  });

  it('gives every clause an id of its own', () => {
    const ids = [...contract.matchAll(/^\*\*(C-[A-Z]+-\d+)\b/gm)].map(([, id]) => id);
    expect(ids).to.have.length.above(50);
    expect(new Set(ids).size).to.equal(ids.length);
  });

  it('refers to clauses that exist', () => {
    const ids = new Set([...contract.matchAll(/^\*\*(C-[A-Z]+-\d+)\b/gm)].map(([, id]) => id));
    const dangling = [...contract.matchAll(/\bC-[A-Z]+-\d+\b/g)]
      .map(([id]) => id)
      .filter((id) => !ids.has(id));
    expect(dangling).to.deep.equal([]);
  });
});
