import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';

/** A certificate for localhost and 127.0.0.1 that is its own authority, as PEM text and as PEM files. */
export interface TestCertificate extends AsyncDisposable {
  readonly cert: string;
  readonly certPath: string;
  readonly keyPath: string;
}

export async function makeCertificate(): Promise<TestCertificate> {
  const dir = await mkdtemp(join(tmpdir(), 'streamwarden-cert-'));
  const pems = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      // Its own authority, so that a client can trust it by name (`ca: cert`) and verification is really tested.
      { name: 'basicConstraints', cA: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true },
      { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  });
  const certPath = join(dir, 'cert.pem');
  const keyPath = join(dir, 'key.pem');
  await writeFile(certPath, pems.cert);
  await writeFile(keyPath, pems.private, { mode: 0o600 });
  return {
    cert: pems.cert,
    certPath,
    keyPath,
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
}
