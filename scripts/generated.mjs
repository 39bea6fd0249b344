// Modules that the build writes: what the library would have to read from files is text in them. Each stands in src/ as a module that does
// read the files, so that nothing has to be built anew when a script is changed and run from its source. test/packaging holds both equal.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/**
 * The modules by their paths below src/, each with what makes its text.
 *
 * @param root of the project
 * @param cache folder in which the page and the programs have been built
 */
export function generatedModules(root, cache) {
  const program = (name) => readFileSync(join(cache, `${name}.cjs`), 'utf8');
  return new Map([
    [
      'core/package-version.ts',
      () => exported('PACKAGE_VERSION', JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version),
    ],
    ['redis/script-sources.ts', () => scriptSources(join(root, 'src/redis/scripts'))],
    [
      'inspector/page-files.ts',
      () => `export const PAGE_FILES = new Map(${written(pageFiles(join(cache, 'page')))});\n`,
    ],
    [
      'heartbeat/program.ts',
      () => `export const heartbeatProgram = () => ${written(program('heartbeat-worker'))};\n`,
    ],
    ['inspector/replay-program.ts', () => exported('REPLAY_PROGRAM', program('replay-worker'))],
    ['testing/go-consumer-program.ts', () => exported('GO_CONSUMER_PROGRAM', program('go-consumer-main'))],
  ]);
}

const exported = (name, value) => `export const ${name} = ${written(value)};\n`;
const written = (value) => JSON.stringify(value, null, 1);

/** Address → text. */
function pageFiles(folder) {
  const utf8 = new TextDecoder('utf8', { fatal: true });
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((file) => [`/${relative(folder, file).split(sep).join('/')}`, utf8.decode(readFileSync(file))]);
}

/** Puts together what src/redis/script-files.ts does, as it is loaded: most of the text of a script is what it shares with others. */
function scriptSources(folder) {
  return [
    `const SHARED = ${written(textsIn(join(folder, 'lib')))};`,
    `const whole = (text) => text.replace(/^--@include (\\S+)$/gm, (_line, part) => SHARED[part]);`,
    `const OWN = ${written(textsIn(folder))};`,
    `export const SCRIPT_SOURCES = Object.fromEntries(Object.entries(OWN).map(([name, text]) => [name, whole(text)]));`,
    '',
  ].join('\n');
}

/** Name → text. */
function textsIn(folder) {
  return Object.fromEntries(
    readdirSync(folder)
      .filter((file) => file.endsWith('.lua'))
      .sort()
      .map((file) => [file.slice(0, -'.lua'.length), readFileSync(join(folder, file), 'utf8')]),
  );
}
