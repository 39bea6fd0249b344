// Real small projects around the packed tarball: each goes from what a new user writes (use.ts) to a handled stream, with a real Redis.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as esbuild, transform } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');

/** What `main()` of use.ts says at the end. */
const HANDLED = 'order-1 eu, page, RuntimeStopped';
/** What frameworks.ts says at the end. */
const IN_FRAMEWORKS = 'in-fastify eu, in-nest';

/** What telemetry.mjs says at the end. */
const BY_TELEMETRY = 'fetched /v1/metrics /v1/traces';

/** In each, declarations are checked, of libraries too. */
const COMPILED = [
  // TypeScript 6 still has it, and warns; TypeScript 7 has not.
  {
    name: 'commonjs-node10',
    type: 'commonjs',
    module: 'commonjs',
    moduleResolution: 'node10',
    ignoreDeprecations: '6.0',
  },
  { name: 'node16-cjs', type: 'commonjs', module: 'node16', moduleResolution: 'node16' },
  { name: 'node16-esm', type: 'module', module: 'node16', moduleResolution: 'node16' },
  { name: 'nodenext-cjs', type: 'commonjs', module: 'nodenext', moduleResolution: 'nodenext' },
  { name: 'nodenext-esm', type: 'module', module: 'nodenext', moduleResolution: 'nodenext' },
  { name: 'bundler', type: 'module', module: 'esnext', moduleResolution: 'bundler' },
];

/** What is fetched for these projects alone. */
const TOOLS = [
  '@rollup/plugin-commonjs@29',
  '@rollup/plugin-json@6',
  '@rollup/plugin-node-resolve@16',
  '@vercel/ncc@0.38',
  'jest@30',
  'pnpm@10',
  'postject@1.0.0-alpha.6',
  'rollup@4',
  'ts-jest@29',
  'vitest@4',
  'webpack@5',
  'yarn@1',
];

/** The first and the last versions of what is optional that do. */
const ENDS = [
  {
    name: 'oldest',
    packages: [
      'fastify@5.0.0',
      '@nestjs/common@10.0.0',
      '@nestjs/core@10.0.0',
      'reflect-metadata@0.1',
      '@opentelemetry/sdk-node@0.209.0',
      '@opentelemetry/exporter-prometheus@0.209.0',
    ],
  },
  {
    name: 'newest',
    packages: [
      'fastify@5',
      '@nestjs/common@12',
      '@nestjs/core@12',
      'reflect-metadata@0.2',
      '@opentelemetry/sdk-node@<1',
      '@opentelemetry/exporter-prometheus@<1',
    ],
  },
];

/** Other runtimes; the programs are packages of their own. */
const RUNTIMES = [
  { name: 'bun', from: '@oven/bun-linux-x64', program: 'bin/bun', args: [] },
  {
    name: 'deno',
    from: '@deno/linux-x64-glibc',
    program: 'deno',
    args: ['run', '-A', '--node-modules-dir=manual'],
  },
];

export class Projects {
  #services = 0;
  #failures = [];

  /**
   * @param work an empty folder
   * @param project has the package in its node_modules
   * @param redis URL of a server
   */
  constructor(work, project, redis) {
    this.work = work;
    this.project = project;
    this.redis = redis;
  }

  async check(tarball) {
    this.#compiled();
    await this.#bundledByEsbuild();
    const packages = [...TOOLS, 'typescript@5.9', 'esbuild@0.28', '@types/node@20', 'ioredis@6', tarball];
    const tools = this.#fetch('tools', ['--ignore-scripts', ...packages]);
    if (tools !== undefined) {
      cpSync(join(here, 'use.ts'), join(tools, 'use.ts'));
      await this.#fromReadme(tools);
      this.#tested(tools);
      this.#bundledByOthers(tools);
      this.#singleExecutable(tools);
      this.#installedByOthers(tools, tarball);
      this.#runByOthers(tarball);
      this.#withEnds(tarball);
    }
    if (this.#failures.length > 0) throw new Error(this.#failures.join('\n\n'));
  }

  #compiled() {
    // What a project of TypeScript has, and one of NestJS.
    mkdirSync(join(this.project, 'node_modules/@types'), { recursive: true });
    for (const name of ['@types/node', 'reflect-metadata']) {
      const place = join(this.project, 'node_modules', name);
      if (!existsSync(place)) symlinkSync(join(root, 'node_modules', name), place);
    }
    for (const { name, type, ...options } of COMPILED) {
      const folder = this.#folder(this.project, name, { type });
      for (const file of ['use.ts', 'frameworks.ts']) cpSync(join(here, file), join(folder, file));
      const compilerOptions = {
        target: 'es2022',
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: false,
        experimentalDecorators: true,
        types: ['node'],
        rootDir: '.',
        ...options,
      };
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
      const { stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder, '--pretty', 'false'], {
        cwd: folder,
        encoding: 'utf8',
      });
      if (stdout !== '') this.#fails(name, `expected no error of types, got:\n${stdout}`);
      this.#handles(`typescript, ${name}`, process.execPath, [join(folder, 'use.js')]);
      this.#handles(`frameworks, ${name}`, process.execPath, [join(folder, 'frameworks.js')], {
        wanted: IN_FRAMEWORKS,
      });
    }
  }

  async #bundledByEsbuild() {
    const entryPoints = [join(this.project, 'commonjs-node10/use.ts')];
    const usual = { entryPoints, bundle: true, platform: 'node', logLevel: 'error' };
    // Alone in a folder that has no packages: all of it is in the bundle.
    const alone = join(this.#folder(this.work, 'alone', {}), 'esbuild.cjs');
    await esbuild({ ...usual, format: 'cjs', outfile: alone });
    this.#handles('esbuild, cjs', process.execPath, [alone]);
    const beside = join(this.project, 'esbuild.mjs');
    await esbuild({ ...usual, format: 'esm', external: ['ioredis', 'ws'], outfile: beside });
    this.#handles('esbuild, esm', process.execPath, [beside]);
  }

  /** The program that README.md shows, in a project into which the package has been installed. */
  async #fromReadme(tools) {
    const [, source] = /^```ts\n(.*?)^```/ms.exec(readFileSync(join(root, 'README.md'), 'utf8'));
    const program = join(tools, 'readme.mjs');
    const { code } = await transform(source, { loader: 'ts', format: 'esm', target: 'node20' });
    writeFileSync(program, code);
    const running = spawn(process.execPath, [program], {
      cwd: tools,
      env: { ...process.env, REDIS_URL: this.redis },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000,
    });
    let said = '';
    for (const output of [running.stdout, running.stderr]) {
      output.on('data', (text) => {
        said += text;
        if (said.includes('done with order-1\n')) running.kill('SIGTERM');
      });
    }
    const [status] = await once(running, 'close');
    if (status === 0) console.log('packaging: README.md: from npm install to a handled stream');
    else this.#fails('README.md', `expected it to end in order, got: ${status}\n${said}`);
  }

  /** In the runners' own environments: Jest with Redis, both with a simulated world, under real timers and fake ones. */
  #tested(tools) {
    const jest = this.#folder(tools, 'with-jest', {});
    writeFileSync(
      join(jest, 'jest.config.json'),
      JSON.stringify({
        testEnvironment: 'node',
        transform: { '[.]ts$': ['ts-jest', { diagnostics: false }] },
      }),
    );
    writeFileSync(
      join(jest, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: { module: 'commonjs', target: 'es2022', esModuleInterop: true } }),
    );
    writeFileSync(
      join(jest, 'redis.test.ts'),
      `const service = process.env.SERVICE!;
// Where it is given, use.ts begins by itself.
delete process.env.SERVICE;
const { main } = require('../use');
test('a stream is handled', async () => {
  expect(await main(process.env.REDIS_URL!, service)).toBe('${HANDLED}');
}, 60_000);`,
    );
    cpSync(join(here, 'simulation.test.ts'), join(jest, 'simulation.test.ts'));
    this.#tests(
      'jest, ts-jest',
      join(tools, 'node_modules/.bin/jest'),
      ['--ci', '--config', join(jest, 'jest.config.json')],
      tools,
    );
    const vitest = this.#folder(tools, 'with-vitest', { type: 'module' });
    cpSync(join(here, 'simulation.test.ts'), join(vitest, 'simulation.test.ts'));
    writeFileSync(join(vitest, 'vitest.config.mjs'), 'export default { test: { globals: true } };');
    this.#tests('vitest', join(tools, 'node_modules/.bin/vitest'), ['run', '--root', vitest], tools);
  }

  #tests(name, command, args, cwd) {
    if (this.#run(name, command, args, cwd) !== undefined) console.log(`packaging: ${name}: its tests pass`);
  }

  #bundledByOthers(tools) {
    const source = join(this.project, 'node16-cjs/use.js');
    cpSync(source, join(tools, 'use.cjs'));
    cpSync(join(this.project, 'node16-esm/use.js'), join(tools, 'use.mjs'));
    const bin = (name) => join(tools, 'node_modules/.bin', name);
    const out = this.#folder(this.work, 'bundles', {});

    this.#run('ncc', bin('ncc'), ['build', join(tools, 'use.cjs'), '-o', join(out, 'ncc')], tools);
    this.#handles('ncc', process.execPath, [join(out, 'ncc/index.cjs')]);

    writeFileSync(
      join(tools, 'rollup.config.mjs'),
      `import commonjs from '@rollup/plugin-commonjs';
import json from '@rollup/plugin-json';
import { nodeResolve } from '@rollup/plugin-node-resolve';
export default {
  input: 'use.mjs',
  output: { file: ${JSON.stringify(join(out, 'rollup.mjs'))}, format: 'esm', inlineDynamicImports: true },
  plugins: [nodeResolve({ preferBuiltins: true, exportConditions: ['node'] }), commonjs({ ignoreDynamicRequires: true }), json()],
  onwarn() {},
};`,
    );
    this.#run('rollup', bin('rollup'), ['-c', 'rollup.config.mjs', '--silent'], tools);
    this.#handles('rollup', process.execPath, [join(out, 'rollup.mjs')]);

    writeFileSync(
      join(tools, 'webpack.mjs'),
      `import webpack from 'webpack';
webpack({
  mode: 'production', target: 'node', entry: ${JSON.stringify(join(tools, 'use.mjs'))},
  output: { path: ${JSON.stringify(out)}, filename: 'webpack.cjs' },
}, (error, stats) => {
  if (error || stats.hasErrors()) { console.error(error ?? stats.toString('errors-only')); process.exitCode = 1; }
});`,
    );
    this.#run('webpack', process.execPath, [join(tools, 'webpack.mjs')], tools);
    this.#handles('webpack', process.execPath, [join(out, 'webpack.cjs')]);
  }

  /** docs: https://nodejs.org/api/single-executable-applications.html */
  #singleExecutable(tools) {
    const folder = this.#folder(this.work, 'single', {});
    const [main, blob, program] = ['use.cjs', 'use.blob', 'use'].map((file) => join(folder, file));
    cpSync(join(this.work, 'alone/esbuild.cjs'), main);
    const config = join(folder, 'sea.json');
    writeFileSync(config, JSON.stringify({ main, output: blob, disableExperimentalSEAWarning: true }));
    this.#run('single executable', process.execPath, ['--experimental-sea-config', config], folder);
    cpSync(process.execPath, program);
    const args = [
      program,
      'NODE_SEA_BLOB',
      blob,
      '--sentinel-fuse',
      'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2',
    ];
    this.#run('postject', join(tools, 'node_modules/.bin/postject'), args, folder);
    this.#handles('single executable', program, []);
  }

  #installedByOthers(tools, tarball) {
    for (const [name, args] of [
      ['pnpm', ['add', tarball, 'ioredis@6', '--store-dir', join(this.work, 'pnpm-store')]],
      ['yarn', ['add', `file:${tarball}`, 'ioredis@6', '--cache-folder', join(this.work, 'yarn-cache')]],
    ]) {
      const folder = this.#folder(this.work, `by-${name}`, { type: 'module' });
      this.#run(`${name} add`, join(tools, 'node_modules/.bin', name), args, folder);
      cpSync(join(this.project, 'node16-esm/use.js'), join(folder, 'use.js'));
      this.#handles(`installed by ${name}`, process.execPath, [join(folder, 'use.js')]);
    }
  }

  #runByOthers(tarball) {
    for (const { name, from, program, args } of RUNTIMES) {
      const folder = this.#fetch(`with-${name}`, ['--ignore-scripts', from, tarball, 'ioredis@6']);
      if (folder === undefined) continue;
      cpSync(join(this.project, 'node16-esm/use.js'), join(folder, 'use.mjs'));
      const path = join(folder, 'node_modules', from, program);
      this.#handles(name, path, [...args, 'use.mjs'], { cwd: folder });
    }
  }

  /** NestJS 12 is ES modules alone, which CommonJS requires. */
  #withEnds(tarball) {
    for (const { name, packages } of ENDS) {
      const others = ['rxjs@7', 'ioredis@6', tarball];
      const folder = this.#fetch(`with-${name}`, ['--ignore-scripts', ...packages, ...others]);
      if (folder === undefined) continue;
      for (const [project, file] of [
        ['node16-esm', 'frameworks.mjs'],
        ['node16-cjs', 'frameworks.cjs'],
      ]) {
        cpSync(join(this.project, project, 'frameworks.js'), join(folder, file));
        this.#handles(`${name} frameworks, ${project}`, process.execPath, [join(folder, file)], {
          wanted: IN_FRAMEWORKS,
        });
      }
      cpSync(join(here, 'telemetry.mjs'), join(folder, 'telemetry.mjs'));
      this.#handles(`${name} OpenTelemetry`, process.execPath, [join(folder, 'telemetry.mjs')], {
        wanted: BY_TELEMETRY,
      });
    }
  }

  /** Undefined, and said: there is no registry. */
  #fetch(name, packages) {
    const folder = this.#folder(this.work, name, {});
    const args = ['install', '--no-audit', '--no-fund', '--loglevel', 'error', ...packages];
    const { status, stderr } = spawnSync('npm', args, { cwd: folder, encoding: 'utf8' });
    if (status === 0) return folder;
    if (!/ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN|E404|ENETUNREACH|EBADPLATFORM/.test(stderr))
      throw new Error(`npm install: ${stderr}`);
    console.log(`packaging: SKIPPED what needs ${packages[1]} and more: ${stderr.split('\n')[0]}`);
    return undefined;
  }

  #folder(parent, name, manifest) {
    const folder = join(parent, name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, private: true, ...manifest }));
    return folder;
  }

  /** What has failed is told at the end, all of it. */
  #fails(name, got) {
    this.#failures.push(`${name}: ${got}`);
    console.log(`packaging: FAILED ${name}`);
    return undefined;
  }

  /** Returns what it wrote; undefined: it failed. */
  #run(name, command, args, cwd) {
    this.#services += 1;
    const env = { ...process.env, REDIS_URL: this.redis, SERVICE: `service-${this.#services}` };
    const { status, error, stdout, stderr } = spawnSync(command, args, {
      cwd,
      env,
      encoding: 'utf8',
      timeout: 300_000,
    });
    if (status === 0) return stdout;
    return this.#fails(name, `expected it to succeed, got: ${error ?? status}\n${stdout}\n${stderr}`);
  }

  #handles(name, command, args, { wanted = HANDLED, cwd = dirname(args[0] ?? command) } = {}) {
    const said = this.#run(name, command, args, cwd)?.trim();
    if (said === undefined) return;
    if (said === wanted) console.log(`packaging: ${name}: from a start to a handled stream`);
    else this.#fails(name, `expected '${wanted}', got: '${said}'`);
  }
}
