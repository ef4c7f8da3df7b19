/**
 * Who may import whom. `npm run check` fails on a breach, and on any circle.
 *
 *   protocol ← data ← chat ← functions        protocol ← client ← web
 *   local imports nothing of the project      nothing imports test or bench
 */
const only = (name, folder, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: `^${folder}/` },
  to: { path: '^(infra|functions|shared|client|web|local|test|bench|scripts)/', pathNot: allowed },
});

module.exports = {
  forbidden: [
    {
      name: 'no-circles',
      comment: 'Two modules that need each other are one module, or lack a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    only(
      'protocol',
      'shared/protocol',
      ['^shared/protocol/'],
      'The protocol stands alone: clients take it as it is.',
    ),
    only('aws', 'shared/aws', ['^shared/aws/'], 'Signed calls know nothing of chat.'),
    only('observability', 'shared/observability', ['^shared/observability/'], 'Logs know nothing of chat.'),
    only(
      'data',
      'shared/data',
      ['^shared/data/', '^shared/protocol/', '^shared/aws/'],
      'Items and keys know the protocol, not what is done with them.',
    ),
    only(
      'chat',
      'shared/chat',
      ['^shared/chat/', '^shared/data/', '^shared/protocol/', '^shared/observability/'],
      'What can be done to rooms: plain functions on tables.',
    ),
    only(
      'auth',
      'shared/auth',
      ['^shared/auth/', '^shared/chat/context', '^shared/data/', '^shared/protocol/', '^shared/environment'],
      'Who someone is; nothing of what they may do in a room.',
    ),
    only(
      'delivery',
      'shared/delivery',
      [
        '^shared/delivery/',
        '^shared/chat/',
        '^shared/data/',
        '^shared/protocol/',
        '^shared/aws/',
        '^shared/observability/',
      ],
      'From the log to the sockets.',
    ),
    only(
      'functions',
      'functions',
      ['^functions/', '^shared/'],
      'Handlers use shared/ and each other’s wiring.',
    ),
    only(
      'infra',
      'infra',
      ['^infra/', '^shared/environment\\.ts$'],
      'Handlers are named by path; only the names of variables are shared.',
    ),
    only('local', 'local', ['^local/'], 'The engine’s input is cdk.out: it knows nothing of chat.'),
    only('client', 'client', ['^client/', '^shared/protocol/'], 'A client knows the protocol alone.'),
    only('web', 'web', ['^web/', '^client/', '^shared/protocol/'], 'The app stands on the SDK.'),
    only(
      'scripts',
      'scripts',
      [
        '^scripts/',
        '^local/',
        '^shared/',
        '^client/',
        '^functions/http/',
        '^functions/operations/website-files',
        '^package\\.json$',
      ],
      'Commands stand on what they run.',
    ),
    {
      name: 'not-test-or-bench',
      comment: 'Nothing that is shipped stands on a test or a measurement.',
      severity: 'error',
      from: { pathNot: '^(test|bench)/' },
      to: { path: '^(test|bench)/' },
    },
    {
      name: 'browser-safe',
      comment: 'The protocol, the client and the app run in a browser.',
      severity: 'error',
      from: { path: '^(shared/protocol|client|web)/', pathNot: '^(client/node/|web/build/|web/vite)' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'no-cdk-in-handlers',
      comment: 'A handler that imports the CDK carries 60 MB into its bundle.',
      severity: 'error',
      from: { path: '^(functions|shared|client|web|local)/' },
      to: { path: 'node_modules/(aws-cdk-lib|constructs)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|cdk\\.out)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
