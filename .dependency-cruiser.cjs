// The house rules of src/ (CONTRIBUTING.md, 'Layers'): for every room, the rooms it may import. A room that is not
// listed here may import nothing until someone decides where it stands.
const rooms = {
  core: [],
  redis: ['core'],
  machines: ['core'],
  heartbeat: ['redis', 'core'],
  actors: ['heartbeat', 'machines', 'redis', 'core'],
  runtime: ['actors', 'heartbeat', 'replay', 'telemetry', 'machines', 'redis', 'core'],
  admin: ['runtime', 'redis', 'core'],
  telemetry: ['core'],
  replay: ['machines', 'core'],
  inspector: ['admin', 'replay', 'runtime', 'machines', 'redis', 'core'],
  testing: ['runtime', 'replay', 'machines', 'redis', 'core'],
  player: ['simulation', 'replay', 'runtime', 'redis', 'core'],
  frameworks: ['admin', 'runtime', 'redis', 'core'],
  simulation: ['testing', 'runtime', 'heartbeat', 'replay', 'machines', 'redis', 'core'],
  cli: [
    'inspector',
    'admin',
    'replay',
    'runtime',
    'telemetry',
    'testing',
    'actors',
    'machines',
    'redis',
    'core',
  ],
};

// The only arrows that point up: what a room loads while it runs, when it is asked to, and is complete without.
const loadedOnDemand = {
  runtime: ['inspector'],
};

const onDemandRules = Object.entries(loadedOnDemand).map(([room, others]) => ({
  name: `on-demand-${room}`,
  comment: `src/${room} may load ${others.join(', ')} by import() only`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: { path: others.map((name) => `^src/${name}/`), dynamic: false },
}));

// What the index of a room publishes beside the room's own: no other file of the room may import it.
const publishedBeside = {
  testing: ['player'],
};

const publishingRules = Object.entries(publishedBeside).map(([room, others]) => ({
  name: `published-by-${room}`,
  comment: `src/${room}/index.ts may also publish ${others.join(', ')}`,
  severity: 'error',
  from: { path: `^src/${room}/index[.]ts$` },
  to: {
    path: '^src/',
    pathNot: [room, ...rooms[room], ...others].map((name) => `^src/${name}/`),
  },
}));

const layerRules = Object.entries(rooms).map(([room, allowed]) => ({
  name: `layers-${room}`,
  comment: `src/${room} may import ${['itself', ...allowed].join(', ')}`,
  severity: 'error',
  from: {
    path: `^src/${room}/`,
    ...(room in publishedBeside && { pathNot: `^src/${room}/index[.]ts$` }),
  },
  to: {
    path: '^src/',
    pathNot: [room, ...allowed, ...(loadedOnDemand[room] ?? [])].map((name) => `^src/${name}/`),
  },
}));

// What src/core/found-package.ts looks for when it is asked to: as a peer, another version would break the installation.
const foundAtRunTime = ['@opentelemetry/exporter-prometheus', '@opentelemetry/sdk-node', 'testcontainers'];

module.exports = {
  forbidden: [
    ...layerRules,
    ...publishingRules,
    ...onDemandRules,
    {
      name: 'layers-unknown-room',
      comment: 'a new folder of src/ gets its place in .dependency-cruiser.cjs first',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: `^src/(${Object.keys(rooms).join('|')})/` },
      to: { path: '^src/' },
    },
    {
      name: 'machines-are-pure',
      comment: 'a machine does no I/O: xstate and our own types, nothing else',
      severity: 'error',
      from: { path: '^src/machines/' },
      to: { pathNot: ['^src/(machines|core)/', '(^|/)node_modules/xstate/'] },
    },
    {
      name: 'rooms-do-not-wire',
      comment: 'a room of src/actors is handed what it needs: only the consumer knows who there is',
      severity: 'error',
      from: { path: '^src/actors/[^/]+/' },
      to: { path: '^src/actors/(consumer|start-up)[.]ts$' },
    },
    {
      name: 'supervision-knows-no-room',
      comment: 'the supervisor starts what it is handed, and knows nothing of leases or streams',
      severity: 'error',
      from: { path: '^src/actors/supervision/' },
      to: { path: '^src/actors/[^/]+/', pathNot: '^src/actors/supervision/' },
    },
    {
      name: 'index-leaves-the-command-line-alone',
      comment: 'the library must not load the CLI, what is for one framework, or the published test helpers',
      severity: 'error',
      from: { path: '^src/index[.]ts$' },
      to: { path: '^src/(cli|frameworks|simulation|testing)/' },
    },
    {
      name: 'nobody-imports-the-command-line',
      comment:
        'src/cli is the top: tests run it as a whole, in their process or in one of its own; those of test/unit/cli look at its pure parts',
      severity: 'error',
      from: { pathNot: '^((src|test/unit)/cli/|test/support/cli-run[.]ts$)' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'nobody-imports-index',
      comment: 'src/index.ts is for users; inside the house it would make a cycle',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^src/index[.]ts$' },
    },
    {
      name: 'published-code-stays-in-src',
      severity: 'error',
      from: { path: '^(src|bin)/' },
      to: { path: '^(test|bench|examples|scripts)/' },
    },
    {
      name: 'no-dev-dependencies-in-published-code',
      comment:
        'what src imports at run time must be a dependency or a peer dependency; the page is bundled with what it imports',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/inspector/page/' },
      to: {
        dependencyTypes: ['npm-dev'],
        dependencyTypesNot: ['npm-peer', 'type-only'],
        pathNot: foundAtRunTime.map((name) => `(^|/)node_modules/${name}/`),
      },
    },
    {
      name: 'the-page-is-for-browsers',
      comment:
        'what is bundled into the page must not bring the runtime, XState or zod along: types are free',
      severity: 'error',
      from: { path: '^src/inspector/page/' },
      to: {
        path: '^src/',
        pathNot:
          '^src/(inspector/(page/|protocol|actor-path|lock-of)|replay/(event-words|json-safe|patch|standstills|state-path|words)[.]ts)',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['dynamic-import'] } },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: { pathNot: '^bin/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
