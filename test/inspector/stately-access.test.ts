import { expect } from 'chai';
import type { WebSocket } from 'ws';
import { eventually } from '../support/eventually.js';
import { ask, useInspectors } from '../support/inspector.js';
import { openWebSocket, statelyUrl } from '../support/stately.js';

const TOKEN = 'a-token-that-is-long-enough';

describe("who may watch in Stately's format", () => {
  const inspectors = useInspectors();
  const sockets: WebSocket[] = [];

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.terminate();
  });

  /** `let in`, or status and code of the refusal. */
  async function answerOf(url: string, headers?: Readonly<Record<string, string>>): Promise<string> {
    const answer = await openWebSocket(url, headers);
    if (typeof answer === 'string') return answer;
    sockets.push(answer);
    return 'let in';
  }

  it('is not there unless it was asked for', async () => {
    const inspector = await inspectors.open();
    expect(await answerOf(statelyUrl(inspector))).to.equal('404 NotFound');
  });

  it('has one address, and answers to websockets alone', async () => {
    const inspector = await inspectors.open({ stately: true });
    const url = statelyUrl(inspector);
    expect(await answerOf(url)).to.equal('let in');
    for (const path of ['/', 'stately/', 'api/live', 'statel%79', 'x/../../stately/x']) {
      expect(await answerOf(new URL(path, url).href), path).to.equal('404 NotFound');
    }
    expect((await ask(inspector.url, 'stately')).status).to.equal(404);
    for (const [method, headers] of [
      ['GET', { upgrade: 'h2c', connection: 'upgrade' }],
      ['GET', { upgrade: 'websocket', connection: 'upgrade', 'sec-websocket-version': '13' }],
      ['POST', { upgrade: 'websocket', connection: 'upgrade' }],
    ] as const) {
      const { status } = await ask(inspector.url, 'stately', { method, headers });
      expect(status, JSON.stringify([method, headers])).to.be.within(400, 426);
    }
    expect((await ask(inspector.url, 'api/machines')).status).to.equal(200);
  });

  it('lets nobody in without the token', async () => {
    const inspector = await inspectors.open({ stately: true, token: TOKEN });
    const url = statelyUrl(inspector);
    for (const [query, headers] of [
      ['', {}],
      ['?token=', {}],
      [`?token=${TOKEN}x`, {}],
      ['', { authorization: `Bearer ${TOKEN}x` }],
      ['', { cookie: `streamwarden-inspector-${inspector.url.split(':')[2]}=${TOKEN}` }],
    ] as const) {
      expect(await answerOf(url + query, headers), query).to.equal('401 Unauthorized');
    }
    expect(await answerOf(`${url}?token=${TOKEN}`)).to.equal('let in');
    expect(await answerOf(url, { authorization: `Bearer ${TOKEN}` })).to.equal('let in');
    const page = await ask(inspector.url, `api/machines?token=${TOKEN}`);
    const [cookie = ''] = page.headers['set-cookie'] ?? [];
    expect(await answerOf(url, { cookie: cookie.split(';')[0] as string })).to.equal('let in');
  });

  it('answers to no page but its own, and to no other name than its own', async () => {
    const inspector = await inspectors.open({ stately: true });
    const url = statelyUrl(inspector);
    const { origin, port } = new URL(inspector.url);
    for (const other of ['https://stately.ai', 'http://evil.example', 'null', `http://127.0.0.1:1`]) {
      expect(await answerOf(url, { origin: other }), other).to.equal('403 Forbidden');
    }
    for (const host of ['evil.example', `evil.example:${port}`, '10.0.0.1']) {
      expect(await answerOf(url, { host }), host).to.equal('403 Forbidden');
    }
    expect(await answerOf(url, { origin })).to.equal('let in');
  });

  it('lets pages in whose origin was named, to this and nothing else', async () => {
    const stately = 'https://stately.ai';
    const inspector = await inspectors.open({ stately: true, statelyOrigins: [stately], token: TOKEN });
    const url = `${statelyUrl(inspector)}?token=${TOKEN}`;
    expect(await answerOf(url, { origin: stately })).to.equal('let in');
    for (const origin of [
      'http://stately.ai',
      'https://stately.ai.evil.example',
      'https://evil.stately.ai',
    ]) {
      expect(await answerOf(url, { origin }), origin).to.equal('403 Forbidden');
    }
    expect(await answerOf(statelyUrl(inspector), { origin: stately })).to.equal('401 Unauthorized');
    expect(await answerOf(url, { origin: stately, host: 'evil.example' })).to.equal('403 Forbidden');
    const page = await ask(inspector.url, `api/machines?token=${TOKEN}`, { headers: { origin: stately } });
    expect(page.status).to.equal(403);
  });

  it('says which option is wrong', async () => {
    for (const [options, message] of [
      [{ stately: 1 }, /expected stately to be true or false, got: 1/],
      [
        { statelyOrigins: ['https://stately.ai'] },
        /expected stately to be true since statelyOrigins are named/,
      ],
      ...['*', 'stately.ai', 'https://stately.ai/', 'https://*.stately.ai', 'null', 'file://'].map(
        (origin) => [
          { stately: true, statelyOrigins: [origin] },
          /expected statelyOrigins to be a list of origins such as https:\/\/example\.com/,
        ],
      ),
    ] as [object, RegExp][]) {
      const error = await inspectors.open(options).catch((thrown: unknown) => thrown);
      expect(error, JSON.stringify(options)).to.have.property('code', 'InvalidOption');
      expect(error).to.have.property('message').that.matches(message);
    }
  });

  it('has so many viewers and no more', async () => {
    const url = statelyUrl(await inspectors.open({ stately: true }));
    for (let count = 0; count < 16; count++) expect(await answerOf(url)).to.equal('let in');
    expect(await answerOf(url)).to.equal('503 Busy');
    sockets.shift()?.close();
    await eventually('there is room', async () => (await answerOf(url)) === 'let in');
  });

  it('does not listen to what viewers say, and parts with those that say much', async () => {
    const inspector = await inspectors.open({ stately: true });
    const [quiet, loud] = await Promise.all([1, 2].map(() => openWebSocket(statelyUrl(inspector))));
    if (typeof quiet !== 'object' || typeof loud !== 'object') throw new Error('expected both to be let in');
    sockets.push(quiet, loud);
    const closed = new Promise((resolve) => loud.on('close', resolve));
    quiet.send('a word');
    loud.send('x'.repeat(100_000));
    expect(await closed).to.equal(1009);
    const pong = new Promise((resolve) => quiet.on('pong', resolve));
    quiet.ping();
    await pong;
  });

  it('does not wait for viewers when it closes', async () => {
    const inspector = await inspectors.open({ stately: true });
    const deaf = await openWebSocket(statelyUrl(inspector));
    if (typeof deaf !== 'object') throw new Error('expected it to be let in');
    sockets.push(deaf);
    // It never answers that it is told to go.
    deaf.pause();
    await inspector.close();
  });
});
