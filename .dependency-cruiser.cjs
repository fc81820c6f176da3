/** The arrows of the house: who may import whom, each rule with its reason. */
module.exports = {
  forbidden: [
    {
      name: 'no-circles',
      severity: 'error',
      comment: 'A circle means two rooms are one, or a wall is missing.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'asterisk-libraries-in-one-room',
      severity: 'error',
      comment: "The libraries' faults are contained by asterisk/ alone; nobody else may meet them.",
      from: { pathNot: '^src/asterisk/' },
      to: { path: 'node_modules/(ari-client|asterisk-manager)/' },
    },
    {
      name: 'stores-in-one-room',
      severity: 'error',
      comment:
        'Connections, migrations and queues are made in platform/ alone (types may be named elsewhere).',
      from: { pathNot: '^src/platform/' },
      to: { path: 'node_modules/(pg|ioredis|bullmq|node-pg-migrate)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'infrastructure-knows-no-room',
      severity: 'error',
      comment: 'asterisk/ and platform/ are tools: they serve every room and know none.',
      from: { path: '^src/(asterisk|platform)/' },
      to: { path: '^src/(calls|callbacks|cases|recordings|routing|hours|experts|staff|sms|nuisance|web)/' },
    },
    {
      name: 'rules-are-pure',
      severity: 'error',
      comment: 'Pure files can be replayed and property-tested: no I/O, no clock, no environment.',
      from: {
        path: '^src/[a-z]+/(rules|machine|table|reception|endings|closed|wishes|waiting|ringing|talk|revival|call|callback|phrases|caller|model|mechanism|week|clocks|reference|messages|templates|wait-range|told-wait|announcement|names|keys|wav)\\.ts$',
      },
      to: {
        path: [
          '^node:',
          '^src/(platform|asterisk|web)/',
          '/(store|service|routes|jobs|shell)\\.ts$',
          '^src/(log|config)\\.ts$',
        ],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'stores-are-private',
      severity: 'error',
      comment: "A room's rows are its own: others ask its service.",
      from: { path: '^src/([a-z]+)/', pathNot: '^src/roles/' },
      to: { path: '^src/([a-z]+)/[a-z-]*store\\.ts$', pathNot: ['^src/$1/'] },
    },
    {
      name: 'rooms-do-not-know-the-door',
      severity: 'error',
      comment: 'Only routes and main know web/; a room without HTTP works the same.',
      from: {
        path: '^src/(calls|callbacks|cases|recordings|routing|hours|experts|staff|sms|nuisance)/',
        pathNot: '[/-](routes|schemas)\\.ts$',
      },
      to: { path: '^src/web/' },
    },
    {
      name: 'nothing-imports-the-stack',
      severity: 'error',
      comment: 'stack/ starts the system from outside; the system does not know it.',
      from: { pathNot: '^src/stack/' },
      to: { path: '^src/stack/' },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      comment: 'A file nobody uses is dead.',
      from: { orphan: true, pathNot: ['^src/(main|seed)\\.ts$', '\\.d\\.m?ts$', '^src/stack/'] },
      to: {},
    },
    {
      name: 'declared-dependencies',
      severity: 'error',
      comment: 'What is imported stands in package.json.',
      from: { path: '^src' },
      to: { dependencyTypes: ['unknown', 'undetermined', 'npm-no-pkg', 'npm-dev'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage|\\.local)' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
