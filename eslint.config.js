// Biome formats and lints; these are the rules that need the type checker, because Biome's own inference does not see
// promises that come out of a dependency (`redis.quit()`). And those that keep time and chance in one place.
import tseslint from 'typescript-eslint';

const injected = 'comes from the injected Clock (src/core/clock.ts), so that a simulation decides it';
const fromClock = (...names) => names.map((name) => ({ name, message: `${name} ${injected}` }));
const propertyOf = (object, ...properties) =>
  properties.map((property) => ({ object, property, message: `${object}.${property} ${injected}` }));
const importOf = (name, ...importNames) => ({
  name,
  ...(importNames.length > 0 ? { importNames } : {}),
  message: `it ${injected}`,
});

export default [
  { ignores: ['**/dist/', '**/coverage/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts', '**/*.tsx'],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: {
        project: ['./tsconfig.json', './src/inspector/page/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    plugins: { '@typescript-eslint': tseslint.plugin },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
    },
  },
  {
    // Below the command line nothing reads the operating system's time or draws its chance.
    files: ['src/{core,redis,machines,actors,runtime,telemetry,replay,simulation}/**/*.ts'],
    ignores: [
      // The system's clock itself.
      'src/core/clock.ts',
      // Measures the very event loop that it runs on.
      'src/telemetry/event-loop.ts',
      // Makes way for the real event loop while it writes files; what is recorded does not depend on when.
      'src/replay/recording-file.ts',
      'src/replay/ring-recording.ts',
    ],
    rules: {
      'no-restricted-globals': [
        'error',
        ...fromClock(
          'setTimeout',
          'setInterval',
          'setImmediate',
          'clearTimeout',
          'clearInterval',
          'clearImmediate',
          'performance',
          'crypto',
        ),
        { name: 'queueMicrotask', message: 'core/microtask.ts: a test runner that fakes timers may fake it' },
      ],
      'no-restricted-properties': [
        'error',
        ...propertyOf('Math', 'random'),
        ...propertyOf('Date', 'now'),
        ...propertyOf('AbortSignal', 'timeout'),
        ...propertyOf('process', 'hrtime', 'nextTick', 'uptime'),
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: `the time ${injected}`,
        },
      ],
      'no-restricted-imports': [
        'error',
        {
          paths: [
            ...['timers', 'timers/promises', 'perf_hooks'].map((name) => importOf(`node:${name}`)),
            importOf('node:crypto', 'randomBytes', 'randomInt', 'randomUUID', 'randomFill', 'webcrypto'),
          ],
        },
      ],
    },
  },
  {
    // What others choose is made safe for a terminal where it is written, so that no command can forget it.
    files: ['src/cli/**/*.ts'],
    ignores: [
      'src/cli/output.ts',
      // Draw, and write out what a terminal would obey in what they are given.
      'src/cli/{live-screen,live-text,progress}.ts',
      // Help, in Commander's words.
      'src/cli/run-cli.ts',
      // Asks; the question is made printable there.
      'src/cli/confirmation.ts',
      // An empty write, to wait for what is on its way.
      'src/cli/main.ts',
    ],
    rules: {
      'no-console': 'error',
      'no-restricted-syntax': [
        'error',
        ...[
          "MemberExpression[property.name='write'][object.property.name=/^(stdout|stderr)$/]",
          "MemberExpression[property.name='write'][object.name=/^(stdout|stderr|terminal|process)$/]",
        ].map((selector) => ({
          selector,
          message:
            'what a command prints goes through Output (src/cli/output.ts), which makes it safe for a terminal',
        })),
      ],
    },
  },
  {
    // With one job, and with --no-parallel, Mocha loads its files by `require`.
    files: ['test/**/*.ts'],
    ignores: ['test/**/*-main.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: 'AwaitExpression:not(:function *)',
          message: 'await in a hook: one process that runs all test files cannot load this one',
        },
      ],
    },
  },
];
