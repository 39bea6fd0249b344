import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { createRuntime, isStreamwardenError } from '../../src/index.js';
import { startRedis } from '../../src/testing/index.js';
import { useCli } from '../support/cli.js';
import { useDoctor } from '../support/doctor.js';
import { rejection } from '../support/rejection.js';

/** Every command that a script of ours runs. */
function commandsOfScripts(): string[] {
  const folder = new URL('../../src/redis/scripts/', import.meta.url);
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.lua') && file !== 'probe.lua')
    .map((file) => readFileSync(new URL(file, folder), 'utf8').replace(/--[^\n]*/g, ''));
  return [
    ...new Set(
      sources.flatMap((source) => [...source.matchAll(/\bcall\('([A-Z]+)'/g)].map((one) => String(one[1]))),
    ),
  ];
}

/** What is used outside of scripts: it cannot be tried inside one, or happens to be in none. */
const OUTSIDE = ['CLIENT', 'EVALSHA', 'INFO', 'HSETNX', 'HSCAN', 'XINFO', 'XREADGROUP'];

const without = (...commands: string[]) =>
  startRedis({
    config: {
      'rename-command': commands.map((command) => `${command} ""`),
      'notify-keyspace-events': 'KEx',
    },
  });

async function startError(url: string) {
  const runtime = createRuntime({ redis: url, service: 'orders', consumerId: 'c' });
  const error = await rejection(runtime.start());
  expect(runtime.state).to.equal('failed');
  return error;
}

describe('a server whose commands were renamed or removed', () => {
  const cli = useCli();
  const doctor = useDoctor(cli);

  it('is refused at start, and every missing command is named at once [C-STA-3]', async () => {
    // A script that adds to the history needs RPUSH, and there is none here; dead letters of another slot need XCLAIM, and data streams that are removed XREVRANGE.
    const needed = commandsOfScripts().filter(
      (command) => !['RPUSH', 'XCLAIM', 'XREVRANGE'].includes(command),
    );
    expect(needed).to.include.members([
      'XACK',
      'XDEL',
      'HDEL',
      'DEL',
      'PEXPIRE',
      'TIME',
      'XPENDING',
      'HGET',
      'SET',
      'GET',
    ]);
    const all = [...new Set([...needed, ...OUTSIDE])].filter(
      (command) => !['EVALSHA', 'INFO'].includes(command),
    );
    await using server = await without(...all);
    const error = await startError(server.url);
    expect(isStreamwardenError(error, 'CommandsMissing'), `${error.name}: ${error.message}`).to.equal(true);
    expect(error).to.have.deep.nested.property('details.refused', []);
    expect(error).to.have.nested.property('details.missing').that.has.members(all);
    expect(error.message).to.match(/^Redis does not have these commands, which were renamed or removed: /);
  });

  for (const command of [
    'XACK',
    'TIME',
    'XPENDING',
    'HGET',
    'SET',
    'GET',
    'EVALSHA',
    'EVAL',
    'INFO',
    'CLIENT',
  ]) {
    it(`is refused at once without ${command}, which it names [C-STA-3]`, async () => {
      await using server = await without(command);
      const error = await startError(server.url);
      expect(isStreamwardenError(error, 'CommandsMissing'), `${error.name}: ${error.message}`).to.equal(true);
      expect(error).to.have.deep.nested.property('details.missing', [command]);
    });
  }

  it('is refused at once without PSUBSCRIBE where events are required, and named', async () => {
    await using server = await without('PSUBSCRIBE');
    const error = await startError(server.url);
    expect(error.message).to.match(/psubscribe/i);
  });

  for (const command of ['TIME', 'INFO', 'COMMAND', 'CONFIG', 'CLIENT', 'XINFO', 'TYPE', 'PING']) {
    it(`is examined by doctor all the same without ${command}`, async () => {
      await using server = await without(command);
      const { stdout, stderr, checks } = await doctor(server.url, '--service', 'orders');
      expect(stdout + stderr).to.not.match(/undefined|\bnull,"remedy"/);
      expect(stderr).to.equal('');
      if (command === 'TIME')
        expect(checks.commands).to.deep.include({ result: 'bad', found: 'missing: TIME' });
    });
  }

  it('is named by doctor, whose remedy heals it: the same configuration without those lines', async () => {
    let remedy = '';
    {
      await using server = await without('XACK', 'TIME');
      const { code, checks } = await doctor(server.url);
      expect(code).to.equal(1);
      expect(checks.commands).to.deep.include({ result: 'bad' });
      expect(checks.commands?.found)
        .to.match(/^missing: /)
        .and.include('XACK')
        .and.include('TIME');
      remedy = checks.commands?.remedy ?? '';
    }
    expect(remedy).to.match(/^remove their rename-command lines from redis\.conf/);
    await using server = await without();
    expect((await doctor(server.url)).checks.commands).to.deep.include({ result: 'good' });
  });
});
