import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { arnOf, type LambdaBench, startLambda, until } from './lambda-helper.ts';

let bench: LambdaBench;
const invoke = (name: string, event: unknown = {}) => bench.lambda.invoke(name, event, 'RequestResponse');

beforeAll(async () => {
  bench = await startLambda({
    echo: { code: 'exports.handler = async (event) => event;' },
    context: {
      code: `exports.handler = async (event, context) => ({ ...context, remaining: context.getRemainingTimeInMillis(), env: process.env });`,
      model: { environment: { OWN: 'value' }, memoryMegabytes: 256 },
    },
    count: { code: 'let count = 0; exports.handler = async () => ++count;' },
    throws: {
      code: `exports.handler = async (what) => { throw what === 'type' ? new TypeError('wrong') : what; };`,
    },
    sync: { code: `exports.handler = () => { throw new RangeError('at once'); };` },
    undefined: { code: 'exports.handler = async () => {};' },
    circular: {
      code: 'exports.handler = async () => { const value = {}; value.self = value; return value; };',
    },
    rejection: {
      code: `exports.handler = async () => { Promise.reject(new Error('nobody waits')); await new Promise((resolve) => setTimeout(resolve, 1000)); };`,
    },
    uncaught: {
      code: `exports.handler = async () => { setTimeout(() => { throw new Error('from a timer'); }, 1); await new Promise((resolve) => setTimeout(resolve, 1000)); };`,
    },
    exits: { code: 'exports.handler = async (code) => process.exit(code);' },
    unsettled: { code: 'exports.handler = () => new Promise(() => {});' },
    endless: {
      code: 'let count = 0; exports.handler = async (loop) => { count++; while (loop); return count; };',
      model: { timeoutSeconds: 1 },
    },
    waits: {
      code: 'exports.handler = async () => new Promise((resolve) => setTimeout(resolve, 5000));',
      model: { timeoutSeconds: 1 },
    },
    memory: {
      code: 'exports.handler = async (grow) => { const kept = []; while (grow) kept.push(new Array(1000).fill(Math.random())); return "small"; };',
      model: { timeoutSeconds: 30, memoryMegabytes: 128 },
    },
    output: {
      code: `console.log('loading'); exports.handler = async (name) => { console.log('hello %s', name, { a: 1 }); console.error('bad'); console.warn('hm'); process.stdout.write('raw\\n'); process.stderr.write(Buffer.from('raw error')); };`,
    },
    large: { code: `exports.handler = async (size) => 'x'.repeat(size);` },
  });
});
afterAll(() => bench.close());

describe('an invocation', () => {
  it('hands the event over and the result back, as JSON', async () => {
    expect(await invoke('echo', { a: [1, 'é', null] })).toEqual({ ok: true, payload: { a: [1, 'é', null] } });
    expect(await invoke(arnOf('echo'), 'text')).toEqual({ ok: true, payload: 'text' });
    expect(await invoke(`${arnOf('echo')}:$LATEST`, 1)).toEqual({ ok: true, payload: 1 });
    expect(await invoke('undefined')).toEqual({ ok: true, payload: null });
  });

  it('is refused by name for a function that is not there', async () => {
    await expect(invoke('nobody')).rejects.toMatchObject({ code: 'ResourceNotFoundException' });
  });

  it('gives the context object of Lambda', async () => {
    const { payload } = (await invoke('context')) as { payload: Record<string, unknown> };
    expect(payload).toMatchObject({
      functionName: 'context',
      functionVersion: '$LATEST',
      invokedFunctionArn: arnOf('context'),
      memoryLimitInMB: '256',
      logGroupName: '/aws/lambda/context',
      awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(payload.remaining).toBeGreaterThan(2500);
    expect(payload.remaining).toBeLessThanOrEqual(3000);
    const again = (await invoke('context')) as { payload: Record<string, unknown> };
    expect(again.payload.awsRequestId).not.toBe(payload.awsRequestId);
  });

  it("has its own variables and Lambda's, and nothing of the engine's process", async () => {
    process.env.ENGINE_SECRET = 'not for functions';
    const { payload } = (await invoke('context')) as { payload: { env: Record<string, string> } };
    delete process.env.ENGINE_SECRET;
    expect(payload.env).toMatchObject({
      OWN: 'value',
      AWS_REGION: 'us-east-1',
      AWS_LAMBDA_FUNCTION_NAME: 'context',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
      _HANDLER: 'index.handler',
      TZ: ':UTC',
      NODE_OPTIONS: '',
      _X_AMZN_TRACE_ID: expect.stringMatching(
        /^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$/,
      ),
    });
    expect(payload.env.LAMBDA_TASK_ROOT).toContain('context-');
    expect(payload.env.ENGINE_SECRET).toBeUndefined();
  });

  it('reuses a warm environment', async () => {
    expect(
      [await invoke('count'), await invoke('count'), await invoke('count')].map(
        (outcome) => outcome.ok && outcome.payload,
      ),
    ).toEqual([1, 2, 3]);
    expect(bench.lambda.statistics().count).toMatchObject({ invocations: 3, coldStarts: 1, environments: 1 });
  });
});

describe('a handler that fails', () => {
  it('gives type, message and trace of what it threw, and lives on', async () => {
    expect(await invoke('throws', 'type')).toMatchObject({
      ok: false,
      kind: 'error',
      errorType: 'TypeError',
      errorMessage: 'wrong',
      trace: expect.arrayContaining(['TypeError: wrong']),
    });
    expect(await invoke('sync')).toMatchObject({ errorType: 'RangeError', errorMessage: 'at once' });
    expect(await invoke('throws', 'just text')).toMatchObject({
      errorType: 'string',
      errorMessage: 'just text',
      trace: [],
    });
    expect(await invoke('circular')).toMatchObject({ errorMessage: 'Unable to stringify response body' });
    expect(bench.lambda.statistics().throws).toMatchObject({ errors: 2, coldStarts: 1 });
  });

  it('by an unhandled rejection ends its environment, with the error of Lambda', async () => {
    expect(await invoke('rejection')).toMatchObject({
      ok: false,
      kind: 'error',
      errorType: 'Runtime.UnhandledPromiseRejection',
      errorMessage: 'Error: nobody waits',
    });
    await until(() => bench.lambda.statistics().rejection?.environments === 0, 'the environment to end');
  });

  it('by an uncaught error outside its promise ends its environment', async () => {
    expect(await invoke('uncaught')).toMatchObject({ errorType: 'Error', errorMessage: 'from a timer' });
    await until(() => bench.lambda.statistics().uncaught?.environments === 0, 'the environment to end');
  });

  it('by process.exit is a Runtime.ExitError', async () => {
    expect(await invoke('exits', 3)).toMatchObject({
      kind: 'exit',
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringMatching(
        /^RequestId: [0-9a-f-]{36} Error: Runtime exited with error: exit status 3$/,
      ),
    });
    expect(await invoke('exits', 0)).toMatchObject({
      errorMessage: expect.stringMatching(/Error: Runtime exited without providing a reason$/),
    });
  });

  it('by a promise that can never settle is told so at once', async () => {
    const started = performance.now();
    expect(await invoke('unsettled')).toMatchObject({ errorType: 'Runtime.NodeJsExit' });
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it('by running over its time is ended, also in an endless loop, and the next event gets a new environment', async () => {
    const timedOut = {
      ok: false,
      kind: 'timeout',
      errorType: 'Sandbox.Timedout',
      errorMessage: expect.stringMatching(
        /^RequestId: [0-9a-f-]{36} Error: Task timed out after 1\.00 seconds$/,
      ),
    };
    expect(await invoke('waits')).toMatchObject(timedOut);
    expect(await invoke('endless', false)).toEqual({ ok: true, payload: 1 });
    expect(await invoke('endless', true)).toMatchObject(timedOut);
    expect(await invoke('endless', false)).toEqual({ ok: true, payload: 1 });
    expect(bench.lambda.statistics().endless).toMatchObject({ timeouts: 1, coldStarts: 2 });
  });

  it('by using more than its memory is killed, and nothing else is', async () => {
    expect(await invoke('memory', true)).toMatchObject({
      kind: 'exit',
      errorType: 'Runtime.OutOfMemory',
      errorMessage: expect.stringMatching(/Runtime exited with error: signal: killed$/),
    });
    expect(await invoke('memory', false)).toEqual({ ok: true, payload: 'small' });
  });

  it('by a response over 6 MiB, or an event over 6 MiB, is an error', async () => {
    expect(await invoke('large', 7_000_000)).toMatchObject({ errorType: 'Function.ResponseSizeTooLarge' });
    expect(await invoke('echo', 'é'.repeat(3_200_000))).toMatchObject({
      errorType: 'RequestTooLargeException',
    });
    expect(await invoke('large', 10)).toEqual({ ok: true, payload: 'xxxxxxxxxx' });
  });
});

describe('a module that fails to load', () => {
  it('fails each invocation with the error of Lambda', async () => {
    const failing = await startLambda(
      {
        syntax: { code: 'exports.handler = async ( => 1;' },
        missing: { code: `require('not-there'); exports.handler = async () => 1;` },
        throwing: { code: `throw new Error('while loading');` },
        unexported: { code: 'exports.other = async () => 1;' },
        nofile: { code: '', file: 'other.js' },
        callback: { code: 'exports.handler = (event, context, callback) => callback(null, 1);' },
        exiting: { code: 'process.exit(7);' },
        stuck: { code: 'for (;;);', model: { timeoutSeconds: 0.2 } },
      },
      { initTimeoutMs: 300 },
    );
    const errorOf = async (name: string) => failing.lambda.invoke(name, {}, 'RequestResponse');
    expect(await errorOf('syntax')).toMatchObject({ ok: false, errorType: 'Runtime.UserCodeSyntaxError' });
    expect(await errorOf('missing')).toMatchObject({
      errorType: 'Runtime.ImportModuleError',
      errorMessage: expect.stringContaining("Cannot find module 'not-there'"),
    });
    expect(await errorOf('throwing')).toMatchObject({ errorType: 'Error', errorMessage: 'while loading' });
    expect(await errorOf('unexported')).toMatchObject({ errorType: 'Runtime.HandlerNotFound' });
    expect(await errorOf('nofile')).toMatchObject({ errorType: 'Runtime.ImportModuleError' });
    expect(await errorOf('callback')).toMatchObject({ errorType: 'Runtime.CallbackHandlerDeprecated' });
    expect(await errorOf('exiting')).toMatchObject({
      kind: 'exit',
      errorMessage: expect.stringContaining('exit status 7'),
    });
    expect(await errorOf('stuck')).toMatchObject({ kind: 'timeout', errorType: 'Sandbox.Timedout' });
    expect(await errorOf('throwing')).toMatchObject({ errorMessage: 'while loading' });
    expect(failing.lambda.statistics().throwing).toMatchObject({ invocations: 2, errors: 2, coldStarts: 2 });
    await failing.close();
  });

  it('loads ES modules, by extension and by package.json', async () => {
    const modules = await startLambda({
      mjs: {
        code: `import { basename } from 'node:path'; export const handler = async (path) => basename(path);`,
        file: 'index.mjs',
      },
      nested: {
        code: `export const api = { run: async () => 'nested' };`,
        file: 'index.mjs',
        model: { handler: 'index.api.run' },
      },
    });
    expect(await modules.lambda.invoke('mjs', '/a/b', 'RequestResponse')).toEqual({ ok: true, payload: 'b' });
    expect(await modules.lambda.invoke('nested', {}, 'RequestResponse')).toEqual({
      ok: true,
      payload: 'nested',
    });
    await modules.close();
  });
});

describe('output', () => {
  it('goes to the log with function, request and level', async () => {
    await invoke('output', 'world');
    await until(() => bench.logs.some(({ text }) => text === 'raw error'), 'the last line');
    const lines = bench.logs.filter(({ functionName }) => functionName === 'output');
    expect(lines.map(({ source, level, text }) => [source, level, text])).toEqual([
      ['stdout', 'INFO', 'loading'],
      ['stdout', 'INFO', 'hello world { a: 1 }'],
      ['stderr', 'ERROR', 'bad'],
      ['stderr', 'WARN', 'hm'],
      ['stdout', undefined, 'raw'],
      ['stderr', undefined, 'raw error'],
    ]);
    expect(lines[0]?.requestId).toBeUndefined();
    expect(new Set(lines.slice(1).map(({ requestId }) => requestId)).size).toBe(1);
    expect(lines[1]?.requestId).toMatch(/^[0-9a-f-]{36}$/);
  });
});
