/** docs/reference/telemetry.md says what the code says. */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { ATTRIBUTE } from '../../src/telemetry/attributes.js';
import { METRICS, type Metric } from '../../src/telemetry/metric-list.js';
import { SPANS } from '../../src/telemetry/runtime-spans.js';

const reference = readFileSync(new URL('../../docs/reference/telemetry.md', import.meta.url), 'utf8');

/** Methods of the recorder that an application gives the Go client, as of its v0.4. */
const GO_METHODS = [
  'RecordStartupRecovery',
  'RecordClaimAttempt',
  'RecordLockAcquisitionAttempt',
  'RecordLockExtensionAttempt',
  'RecordLockReleaseAttempt',
  'RecordStreamProcessingStart',
  'RecordStreamProcessingEnd',
  'RecordKspNotification',
  'RecordKspNotificationDropped',
  'RecordReconciliationScan',
  'RecordReQueue',
  'RecordDLQRouting',
  'RecordMutexAliveSkip',
  'RecordAckAddGap',
  'RecordTopologyReinit',
  'RecordMasterKeyspaceSetup',
];

/** Cells of the first table below a heading. */
function rowsBelow(heading: string): string[][] {
  const section = reference.slice(reference.indexOf(`\n## ${heading}\n`)).split('\n');
  const start = section.findIndex((line) => line.startsWith('|'));
  const end = section.findIndex((line, index) => index > start && !line.startsWith('|'));
  return section.slice(start + 2, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const code = (text: string) => `\`${text}\``;

describe('docs/reference/telemetry.md', () => {
  it('lists every metric, with its kind and unit', () => {
    const listed = rowsBelow('Metrics').map(([name, kind, unit]) => [name, kind, unit]);
    const all = Object.values<Metric>(METRICS).map(({ name, kind, unit }) => [code(name), kind, code(unit)]);
    expect(listed).to.deep.equal(all);
  });

  it('lists every span', () => {
    const listed = rowsBelow('Spans').map(([name]) => name);
    const all = [
      'send <service>-input',
      'ensure <service>-input',
      'append <service>-input',
      'cancel <service>-input',
      'process <service>-input',
      ...Object.values(SPANS),
    ];
    expect(listed).to.deep.equal(all.map(code));
  });

  it('names every attribute', () => {
    const missing = Object.values(ATTRIBUTE).filter((name) => !reference.includes(code(name)));
    expect(missing).to.deep.equal([]);
  });

  it('says of each method of the Go client’s recorder what it is here', () => {
    const rows = rowsBelow('Coming from the Go client');
    expect(rows.map(([method]) => method)).to.deep.equal(GO_METHODS.map(code));
    const names = Object.values<Metric>(METRICS).map(({ name }) => name);
    for (const [method, counterpart = ''] of rows) {
      const isNone = counterpart.startsWith('None: ');
      const isThere = names.some((name) => counterpart.includes(code(name)));
      expect(isNone || isThere, method).to.equal(true);
    }
  });
});
