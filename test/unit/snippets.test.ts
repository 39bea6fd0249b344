/** What the documents show of runtimes, producers and admins is taken as it stands, on any machine. */
import { readdirSync, readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { Cluster } from 'ioredis';
import { defineService } from '../../src/index.js';
import { compileOptions, producerNames, serviceOptions } from '../../src/runtime/options.js';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8');
const pagesIn = (folder: string) =>
  readdirSync(new URL(folder, ROOT))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}${name}`);

const PAGES = ['README.md', ...pagesIn('docs/how-to/'), ...pagesIn('docs/tutorial/')];

/** What snippets take from the program around them. */
const SURROUNDINGS = {
  Cluster,
  redis: 'redis://127.0.0.1',
  url: 'redis://127.0.0.1',
  orders: defineService({ name: 'orders' }),
  process: { env: { REDIS_URL: 'redis://127.0.0.1' } },
  heartbeatMs: 2000,
  handOverGraceMs: 10_000,
  setting: (_name: string, otherwise: number) => otherwise,
};

const blocksOf = (page: string) =>
  [...read(page).matchAll(/^ *```(?:js|ts)\n(.*?)^ *```/gms)].map(([, code = '']) => code);

/** What stands between the parentheses of each call of a function; of generic ones as well. */
function argumentsOf(name: string, code: string): string[] {
  return [...code.matchAll(new RegExp(`\\b${name}(?:<.*?>)?\\(`, 'g'))].map((call) => {
    const start = call.index + call[0].length;
    let open = 1;
    let end = start;
    while (open > 0 && end < code.length) {
      if ('([{'.includes(code[end] ?? '')) open += 1;
      if (')]}'.includes(code[end] ?? '')) open -= 1;
      end += 1;
    }
    return code.slice(start, end - 1);
  });
}

const callsOf = (name: string) =>
  PAGES.flatMap((page) =>
    blocksOf(page)
      .flatMap((code) => argumentsOf(name, code))
      .map((text) => ({ page, text })),
  );

describe('snippets of the documents', () => {
  for (const { page, text } of callsOf('createRuntime')) {
    it(`${page} makes a runtime outside of Kubernetes: ${text.replace(/\s+/g, ' ').slice(0, 60)}`, () => {
      const options = runInNewContext(`(${text})`, { ...SURROUNDINGS });
      expect(compileOptions(options, {}).names.service).to.be.a('string');
    });
  }

  for (const { page, text } of callsOf('createProducer')) {
    it(`${page} makes a producer: ${text.replace(/\s+/g, ' ').slice(0, 60)}`, () => {
      const options = runInNewContext(`(${text})`, { ...SURROUNDINGS });
      expect(producerNames(options).names.service).to.be.a('string');
    });
  }

  for (const { page, text } of callsOf('createAdmin')) {
    it(`${page} makes an admin: ${text.replace(/\s+/g, ' ').slice(0, 60)}`, () => {
      const options = runInNewContext(`(${text})`, { ...SURROUNDINGS });
      expect(serviceOptions(options).names.service).to.be.a('string');
    });
  }

  it('are found', () => {
    expect(callsOf('createRuntime').length).to.be.above(10);
    expect(callsOf('createProducer')).to.not.deep.equal([]);
  });
});
