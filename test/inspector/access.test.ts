import { once } from 'node:events';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { createInspector } from '../../src/inspector/index.js';
import { readPage } from '../../src/inspector/page-folder.js';
import type { ErrorReply } from '../../src/inspector/protocol.js';
import { eventually } from '../support/eventually.js';
import { ask, useInspectors, View } from '../support/inspector.js';
import { useFolder } from '../support/recordings.js';

const TOKEN = 'a-token-that-is-long-enough';

describe('who the inspector answers', () => {
  const inspectors = useInspectors();
  const folder = useFolder();

  async function codeOf(reply: ReturnType<typeof ask>): Promise<string> {
    const { status, json } = await reply;
    return `${status} ${json<ErrorReply>().error.code}`;
  }

  /** A page's files, and a secret beside them. */
  async function withPage() {
    const page = folder('page/');
    await mkdir(join(page, 'assets'), { recursive: true });
    await writeFile(join(page, 'index.html'), '<!doctype html>');
    await writeFile(join(page, 'assets/app-1234.js'), 'export {}');
    await writeFile(folder('secret.txt'), 'secret');
    await symlink(folder('secret.txt'), join(page, 'link.txt'));
    return await inspectors.open({}, { page: async () => readPage(page) });
  }

  it('listens on this computer alone unless told otherwise', async () => {
    const { url } = await inspectors.open();
    expect(url).to.match(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    for (const host of ['localhost', '::1']) {
      const inspector = await inspectors.open({ host }).catch((error: unknown) => error);
      // Not every computer has IPv6.
      if (inspector instanceof Error) expect(inspector).to.have.property('code', 'InspectorFailed');
    }
  });

  it('refuses to be reachable by others without a token', async () => {
    for (const host of ['0.0.0.0', '::', '192.168.1.2', 'example.com']) {
      const error = await createInspector({ host }).catch((thrown: unknown) => thrown);
      expect(error).to.have.property('code', 'InvalidOption');
      expect(error)
        .to.have.property('message')
        .that.matches(/expected token to be given/);
    }
    const { url } = await inspectors.open({ host: '0.0.0.0', token: TOKEN });
    expect(await codeOf(ask(url, 'api/machines'))).to.equal('401 Unauthorized');
  });

  it('says which option is wrong, and what listens there already', async () => {
    for (const [options, message] of [
      [{ port: 70_000 }, /expected port to be an integer from 0 to 65535, got: 70000/],
      [{ token: 'short' }, /expected token to be 16 to 256 letters, digits, - and _/],
      [{ prot: 1 }, /unknown option prot; did you mean port\?/],
    ] as const) {
      const error = await createInspector(options as object).catch((thrown: unknown) => thrown);
      expect(error).to.have.property('message').that.matches(message);
    }
    const { url } = await inspectors.open();
    const taken = await createInspector({ port: Number(new URL(url).port) }).catch(
      (thrown: unknown) => thrown,
    );
    expect(taken).to.have.property('code', 'InspectorFailed');
    expect(taken)
      .to.have.property('message')
      .that.matches(/EADDRINUSE/);
  });

  it('lets nobody in without the token', async () => {
    const { url } = await inspectors.open({ token: TOKEN });
    const port = new URL(url).port;
    for (const path of [
      '/',
      'api/live',
      'api/machines',
      `api/machines?token=${TOKEN}x`,
      'api/machines?token=',
    ]) {
      expect(await codeOf(ask(url, path)), path).to.equal('401 Unauthorized');
    }
    for (const headers of [
      { authorization: `Bearer ${TOKEN}x` },
      { authorization: TOKEN },
      { cookie: `streamwarden-inspector-${port}=${TOKEN}` },
    ]) {
      expect(await codeOf(ask(url, 'api/machines', { headers }))).to.equal('401 Unauthorized');
    }
  });

  it('lets in by bearer, or by query once and by cookie then', async () => {
    const { url } = await inspectors.open({ token: TOKEN });
    const byBearer = await ask(url, 'api/machines', { headers: { authorization: `Bearer ${TOKEN}` } });
    expect(byBearer.status).to.equal(200);
    expect(byBearer.headers['set-cookie']).to.equal(undefined);
    const first = await ask(url, `api/machines?token=${TOKEN}`);
    expect(first.status).to.equal(200);
    const [cookie = ''] = first.headers['set-cookie'] ?? [];
    expect(cookie)
      .to.match(/; HttpOnly; SameSite=Strict/)
      .and.not.to.include(TOKEN);
    const pair = cookie.split(';')[0] as string;
    const then = await ask(url, 'api/machines', { headers: { cookie: `other=1; ${pair}` } });
    expect(then.status).to.equal(200);
    const view = await View.open(url, { cookie: pair });
    expect(view.hello.kind).to.equal('hello');
    view.close();
  });

  it('answers to no other name than its own, so that no page can have its own name lead here', async () => {
    const { url } = await inspectors.open();
    const { port } = new URL(url);
    for (const host of [
      'evil.example',
      `evil.example:${port}`,
      '10.0.0.1',
      '127.0.0.1.evil.example',
      'a@127.0.0.1',
      ' ',
    ]) {
      expect(await codeOf(ask(url, 'api/machines', { headers: { host } })), host).to.equal('403 Forbidden');
    }
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, '[::1]:1', 'LOCALHOST']) {
      expect((await ask(url, 'api/machines', { headers: { host } })).status, host).to.equal(200);
    }
    const open = await inspectors.open({ host: '0.0.0.0', token: TOKEN, allowedHosts: ['dev.example'] });
    const authorization = `Bearer ${TOKEN}`;
    for (const [host, status] of [
      ['10.0.0.1:80', 200],
      ['Dev.example', 200],
      ['evil.example', 403],
    ] as const) {
      const reply = await ask(open.url.replace('0.0.0.0', '127.0.0.1'), 'api/machines', {
        headers: { host, authorization },
      });
      expect(reply.status, host).to.equal(status);
    }
  });

  it('answers to no page but its own', async () => {
    const { url } = await inspectors.open({ actions: true });
    const { origin } = new URL(url);
    const body = { actors: [] };
    for (const headers of [
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { origin: 'http://127.0.0.1:1' },
      { origin: 'nonsense' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
    ]) {
      const what = JSON.stringify(headers);
      expect(await codeOf(ask(url, 'api/live', { headers })), what).to.equal('403 Forbidden');
      const put = ask(url, 'api/viewers/x/watch', { method: 'PUT', headers, body });
      expect(await codeOf(put), what).to.equal('403 Forbidden');
    }
    for (const headers of [{ origin }, { 'sec-fetch-site': 'same-origin' }, { 'sec-fetch-site': 'none' }]) {
      expect(
        (await ask(url, 'api/machines', { headers: headers as Record<string, string> })).status,
      ).to.equal(200);
    }
    const preflight = await ask(url, 'api/machines', { method: 'OPTIONS' });
    expect(preflight.status).to.equal(405);
    expect(preflight.headers).not.to.have.property('access-control-allow-origin');
  });

  it('lets links of others lead to the page, and to nothing else', async () => {
    const { url } = await withPage();
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    expect((await ask(url, '/', { headers })).status).to.equal(200);
    expect(await codeOf(ask(url, '/api/machines', { headers }))).to.equal('403 Forbidden');
    expect(await codeOf(ask(url, '/', { headers: { 'sec-fetch-site': 'cross-site' } }))).to.equal(
      '403 Forbidden',
    );
  });

  it('serves the files of the page and no other', async () => {
    const { url } = await withPage();
    const page = await ask(url, '/');
    expect(page.text).to.equal('<!doctype html>');
    expect(page.headers['content-type']).to.equal('text/html; charset=utf-8');
    const script = await ask(url, '/assets/app-1234.js?x=1');
    expect(script.headers).to.include({ 'content-type': 'text/javascript; charset=utf-8' });
    expect(script.headers['cache-control']).to.match(/immutable/);
    for (const path of [
      '/../secret.txt',
      '/assets/../../secret.txt',
      '/%2e%2e/secret.txt',
      '/..%2fsecret.txt',
      '/assets/..%5c..%5csecret.txt',
      '//secret.txt',
      '/link.txt',
      '/assets',
      '/assets/',
      '/index.html/',
      '/index.html%00.js',
      folder('secret.txt'),
      '/__proto__',
    ]) {
      expect(await codeOf(ask(url, path)), path).to.equal('404 NotFound');
    }
    expect(await codeOf(ask(url, 'http://127.0.0.1/'))).to.equal('400 Malformed');
    expect(await codeOf(ask(url, '/', { method: 'POST' }))).to.equal('405 MethodNotAllowed');
    expect(await codeOf(ask(url, 'api/runtimes/%ff/group'))).to.equal('400 Malformed');
    expect(await codeOf(ask(url, 'api/runtimes/nobody/group'))).to.equal('404 NotFound');
    expect(await codeOf(ask(url, 'api/nothing'))).to.equal('404 NotFound');
  });

  it('says so when the page has not been built', async () => {
    const { url } = await inspectors.open({}, { page: async () => readPage(folder('nowhere/')) });
    const reply = await ask(url, '/');
    expect(reply.status).to.equal(503);
    expect(reply.text).to.match(/npm run build/);
  });

  it('forbids whatever a page could load from elsewhere, on every reply', async () => {
    const { url } = await withPage();
    for (const path of ['/', '/assets/app-1234.js', 'api/machines', 'api/nothing']) {
      const { headers } = await ask(url, path);
      expect(headers['content-security-policy'], path).to.match(/^default-src 'none'; script-src 'self'; /);
      expect(headers['content-security-policy']).not.to.match(/unsafe|https?:|\*/);
      expect(headers).to.include({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
      });
    }
  });

  it('reads no more of a body than it may, whether its length is said or not', async () => {
    const { url } = await inspectors.open();
    const long = JSON.stringify({ actors: ['x'.repeat(100_000)] });
    const headers = { 'content-type': 'application/json' };
    const said = ask(url, 'api/viewers/x/watch', {
      method: 'PUT',
      headers: { ...headers, 'content-length': String(long.length) },
      body: long,
    });
    expect(await codeOf(said)).to.equal('413 TooLarge');
    const unsaid = ask(url, 'api/viewers/x/watch', {
      method: 'PUT',
      headers: { ...headers, 'transfer-encoding': 'chunked' },
      body: long,
    });
    expect(await codeOf(unsaid)).to.equal('413 TooLarge');
    // It only says that it will be long: nothing of it is waited for.
    const replay = ask(url, 'api/replay', {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson', 'content-length': '1000000000000' },
      body: '{}',
    });
    expect(await codeOf(replay)).to.equal('413 TooLarge');
    expect((await ask(url, 'api/machines')).status).to.equal(200);
  });

  it('lets nobody be locked out by connections that only begin to ask', async () => {
    const { url } = await inspectors.open({ token: TOKEN });
    const { port } = new URL(url);
    const half = Array.from({ length: 200 }, () => {
      const socket = connect(Number(port), '127.0.0.1', () =>
        socket.write('GET / HTTP/1.1\r\nhost: localhost\r\nx: '),
      );
      socket.on('error', () => {});
      return socket;
    });
    try {
      await eventually('most of them are ended', () => half.filter(({ closed }) => closed).length > 150);
      const headers = { authorization: `Bearer ${TOKEN}` };
      expect((await ask(url, 'api/machines', { headers })).status).to.equal(200);
      expect((await ask(url, 'api/machines')).headers.connection).to.equal('close');
    } finally {
      for (const socket of half) socket.destroy();
    }
  });

  it('refuses what is asked on a connection that was made before it closed', async () => {
    const inspector = await inspectors.open({ token: TOKEN });
    const { port } = new URL(inspector.url);
    const socket = connect(Number(port), '127.0.0.1');
    let text = '';
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    // Node 26 and newer reset what is connected and has asked nothing.
    socket.on('error', () => {});
    await once(socket, 'connect');
    // It is accepted once another one, made later, is answered.
    expect((await ask(inspector.url, 'api/machines')).status).to.equal(401);
    const closed = inspector.close();
    socket.write(
      `GET /api/machines HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nauthorization: Bearer ${TOKEN}\r\n\r\n`,
    );
    await closed;
    await eventually('it is answered', () => socket.closed);
    expect(text).to.match(/^(HTTP\/1\.1 503 [\s\S]*the inspector is closing|$)/);
  });

  it('reads only what it knows, in the type that it has', async () => {
    const { url } = await inspectors.open();
    const view = await inspectors.view({ url });
    const path = `api/viewers/${view.hello.viewer}/watch`;
    const actor = { runtime: 'r', actor: 'a' };
    for (const [body, type, code] of [
      ['{}', 'text/plain', '415 Malformed'],
      ['{', 'application/json', '400 Malformed'],
      ['{}', 'application/json', '400 Malformed'],
      ['{"actors":[{"runtime":"r"}]}', 'application/json', '400 Malformed'],
      ['{"actors":[],"more":1}', 'application/json', '400 Malformed'],
      [JSON.stringify({ actors: Array(9).fill(actor) }), 'application/json', '400 Malformed'],
    ] as const) {
      const reply = ask(url, path, { method: 'PUT', headers: { 'content-type': type }, body });
      expect(await codeOf(reply), body).to.equal(code);
    }
    const of = { method: 'PUT', body: { actors: [actor] } };
    expect((await ask(url, path, of)).status).to.equal(204);
    expect(await codeOf(ask(url, 'api/viewers/nobody/watch', of))).to.equal('404 NotFound');
  });

  it('does not take a line that is no HTTP amiss', async () => {
    const { url } = await inspectors.open();
    const { port } = new URL(url);
    const socket = connect(Number(port), '127.0.0.1', () => socket.write('\0\0 nonsense\r\n\r\n'));
    let text = '';
    socket.on('data', (data) => {
      text += String(data);
    });
    await eventually('it is refused', () => socket.closed && /^HTTP\/1\.1 400/.test(text));
    expect((await ask(url, 'api/machines')).status).to.equal(200);
  });

  it('has so many viewers and no more', async () => {
    const inspector = await inspectors.open();
    const views = await Promise.all(Array.from({ length: 16 }, () => inspectors.view(inspector)));
    expect(await codeOf(ask(inspector.url, 'api/live'))).to.equal('503 Busy');
    views[0]?.close();
    await eventually('there is room', async () => {
      const view = await View.open(inspector.url);
      const isIn = view.hello?.kind === 'hello';
      view.close();
      return isIn;
    });
  });
});
