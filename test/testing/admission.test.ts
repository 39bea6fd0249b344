import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { admitted, left, RUNNING_FOLDER } from '../support/admission.js';

describe('a test file', () => {
  const own = { folder: process.env[RUNNING_FOLDER], worker: process.env.MOCHA_WORKER_ID };
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'streamwarden-admission-'));
    process.env[RUNNING_FOLDER] = folder;
  });
  afterEach(async () => {
    set(RUNNING_FOLDER, own.folder);
    set('MOCHA_WORKER_ID', own.worker);
    await rm(folder, { recursive: true });
  });

  function set(name: string, value: string | undefined): void {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }

  const running = async (count: number) => {
    for (let worker = 0; worker < count; worker += 1) await writeFile(join(folder, String(worker)), '');
  };

  it('of one of the first workers runs at once, however many run', async () => {
    await running(50);
    process.env.MOCHA_WORKER_ID = '0';
    await admitted();
    expect(await readdir(folder)).to.include('0');
  });

  it('of a worker beyond them runs where fewer do, and leaves its mark until it is through', async () => {
    process.env.MOCHA_WORKER_ID = '1000';
    await admitted();
    expect(await readdir(folder)).to.deep.equal(['1000']);
    await left();
    expect(await readdir(folder)).to.deep.equal([]);
  });

  it('of a worker beyond them runs when one of as many as there are for sure has ended, however busy the machine is', async () => {
    await running(Math.ceil(2.5 * availableParallelism()));
    process.env.MOCHA_WORKER_ID = '1000';
    const isAdmitted = admitted();
    await rm(join(folder, '0'));
    await isAdmitted;
    expect(await readdir(folder)).to.include('1000');
  });
});
