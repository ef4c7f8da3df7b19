/** The supervisor of gateway processes, with real processes and real sockets. */
import { once } from 'node:events';
import { symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AccessLogEntry } from '../../local/gateway/access-log.ts';
import type { Front } from '../../local/gateway/front.ts';
import type { GatewayLogEntry } from '../../local/gateway/log.ts';
import { startGateways } from '../../local/gateway/supervisor.ts';
import type { FunctionLogEntry } from '../../local/lambda/service.ts';
import { connect, post, webSocketApi } from './gateway-helper.ts';
import { arnOf, type LambdaBench, startLambda, until } from './lambda-helper.ts';

/** Answers with what its environment and its event tell. */
const ECHO = `exports.handler = async (event) => {
  const { routeKey, connectionId, domainName } = event.requestContext;
  if (event.body === 'fail') throw new Error('asked to');
  console.log('ran ' + routeKey);
  const body = JSON.stringify({ code: 'first', key: process.env.AWS_ACCESS_KEY_ID, connectionId, domainName });
  return { statusCode: 200, body };
};`;

let lambda: LambdaBench;
let script: string;
let front: Front | undefined;
let functionLogs: FunctionLogEntry[];
let problems: GatewayLogEntry[];
let accesses: AccessLogEntry[];
let deaths: string[];

beforeAll(async () => {
  lambda = await startLambda({ echo: { code: ECHO } });
  const folder = join(lambda.directory, 'gateway');
  script = join(folder, 'gateway.mjs');
  await build({
    entryPoints: ['local/gateway/process.ts'],
    outfile: script,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
  });
  await symlink(join(import.meta.dirname, '../../node_modules'), join(folder, 'node_modules'));
});
afterEach(async () => {
  await front?.close();
  front = undefined;
});
afterAll(() => lambda?.close());

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address ? address.port : 0;
  });
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

async function start(ports: readonly number[]): Promise<Front> {
  functionLogs = [];
  problems = [];
  accesses = [];
  deaths = [];
  const model = {
    logicalId: 'echo',
    constructPath: 'Stack/echo',
    name: 'echo',
    arn: arnOf('echo'),
    codeDirectory: await lambda.write('echo', ECHO),
    handler: 'index.handler',
    timeoutSeconds: 3,
    memoryMegabytes: 128,
    environment: {},
    roleArn: 'arn:aws:iam::000000000000:role/echo',
  };
  const role = {
    logicalId: 'Role',
    constructPath: 'Stack/Role',
    arn: model.roleArn,
    name: 'echo',
    statements: [],
    managedPolicies: [],
  };
  const { logicalId, constructPath } = model;
  front = await startGateways({
    script,
    ports,
    setupOf: () => ({
      webSocketApis: [
        {
          ...webSocketApi({
            $connect: { function: 'echo' },
            $default: { function: 'echo', routeResponse: true },
          }),
          accessLogFormat: '$context.routeKey $context.status',
        },
      ],
      httpApis: [],
      functions: [model],
      variables: { echo: { AWS_ACCESS_KEY_ID: 'ASIAECHO' } },
      environmentScript: join(lambda.directory, 'environment.mjs'),
      host: '127.0.0.1',
      accessLog: true,
      access: { functions: [model], roles: [role], region: 'us-east-1', account: '000000000000' },
      callers: new Map([
        ['ASIAECHO', { functionName: 'echo', roleArn: model.roleArn, origin: { logicalId, constructPath } }],
      ]),
      faults: { kind: 'plan', run: 0, plan: undefined, happened: [] },
    }),
    log: (entry) => problems.push(entry),
    functionLog: (entry) => functionLogs.push(entry),
    accessLog: (entry) => accesses.push(entry),
    died: (text) => deaths.push(text),
    local: async ({ url }) =>
      url === '/_local/known' ? { status: 200, body: '{"asked":true}' } : { status: 404, body: '{}' },
    hearFaults() {},
  });
  return front;
}

async function say(port: number, text = 'hello') {
  const client = await connect(`ws://127.0.0.1:${port}/ws`);
  client.socket.send(text);
  return { client, answer: await client.nextJson() };
}

const pidOf = (index: number) => front?.states()[index]?.pid ?? 0;

/** Kills a gateway and waits until its successor listens. */
async function replaceProcess(port: number, index: number): Promise<void> {
  process.kill(pidOf(index), 'SIGKILL');
  await until(() => deaths.length > 0, 'its death is told');
  for (;;) {
    const status = await fetch(`http://127.0.0.1:${port}/_local/known`).then(
      (r) => r.status,
      () => 0,
    );
    if (status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('gateways in processes of their own', () => {
  it('run their routes’ functions, name their own address, and tell everything to the engine', async () => {
    const [one = 0, two = 0] = await freePorts(2);
    const { refresh, states } = await start([one, two]);
    const first = await say(one);
    const second = await say(two);
    expect(first.answer).toMatchObject({ code: 'first', key: 'ASIAECHO', domainName: `127.0.0.1:${one}` });
    expect(second.answer).toMatchObject({ domainName: `127.0.0.1:${two}` });
    first.client.socket.send('fail');
    expect(await first.client.nextJson()).toMatchObject({ message: 'Internal server error' });
    await refresh();
    expect(states().map(({ port, counters }) => [port, counters.connections, counters.messagesIn])).toEqual([
      [one, 1, 2],
      [two, 1, 1],
    ]);
    expect(states()[0]?.functions.echo).toMatchObject({ invocations: 3, errors: 1 });
    expect(new Set([process.pid, pidOf(0), pidOf(1)]).size).toBe(3);
    await until(() => problems.length === 1 && accesses.length === 5, 'logs arrive');
    expect(problems[0]).toMatchObject({ routeKey: '$default', problem: 'Error: asked to' });
    expect(accesses.map(({ line }) => line)).toContain('$default 500');
    expect(functionLogs.map(({ text }) => text)).toContain('ran $default');
    // Its own connections only: the other's are unknown to it.
    const id = encodeURIComponent(String(first.answer.connectionId));
    expect((await post(`http://127.0.0.1:${one}/dev/@connections/${id}`, '"hi"')).status).toBe(200);
    expect((await post(`http://127.0.0.1:${two}/dev/@connections/${id}`, '"hi"')).status).toBe(410);
    for (const { client } of [first, second]) client.socket.close();
  });

  it('check the right to @connections by the callers that the engine knows', async () => {
    const [port = 0] = await freePorts(1);
    await start([port]);
    const { client, answer } = await say(port);
    const url = `http://127.0.0.1:${port}/dev/@connections/${encodeURIComponent(String(answer.connectionId))}`;
    const authorization = 'AWS4-HMAC-SHA256 Credential=ASIAECHO/20261121/us-east-1/execute-api/aws4_request';
    expect((await post(url, '"hi"', { authorization })).status).toBe(403);
    await until(() => problems.length === 1, 'the denial is told');
    expect(problems[0]?.problem).toContain(
      'echo (Stack/echo) is denied execute-api:ManageConnections on arn:aws:',
    );
    client.socket.close();
  });

  it('pass requests for the engine’s own addresses on', async () => {
    const [port = 0] = await freePorts(1);
    await start([port]);
    expect(await (await fetch(`http://127.0.0.1:${port}/_local/known`)).json()).toEqual({ asked: true });
    expect((await fetch(`http://127.0.0.1:${port}/_local/unknown`)).status).toBe(404);
  });

  it('are started again on their port when they die, with the newest code, and what they did still counts', async () => {
    const [port = 0] = await freePorts(1);
    const { refresh, replace, states } = await start([port]);
    const before = await say(port);
    replace('echo', await lambda.write('echo', ECHO.replace('first', 'second')));
    before.client.socket.send('again');
    expect(await before.client.nextJson()).toMatchObject({ code: 'second' });
    await refresh();
    const pid = pidOf(0);
    await replaceProcess(port, 0);
    expect(await before.client.closed).toMatchObject({ code: 1006 });
    expect(deaths).toEqual([`the gateway on port ${port} ended with SIGKILL; it is started again`]);
    expect((await say(port)).answer).toMatchObject({ code: 'second' });
    await refresh();
    const [state] = states();
    expect(state).toMatchObject({
      port,
      restarts: 1,
      counters: { connects: 2, connections: 1, messagesIn: 3 },
    });
    expect(state?.pid).not.toBe(pid);
    expect(state?.functions.echo).toMatchObject({ invocations: 5, environments: 1 });
  });

  it('refuse a taken port in one clear line, and none of them is left running', async () => {
    const [free = 0] = await freePorts(1);
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    await expect(start([free, port])).rejects.toMatchObject({
      code: 'port_taken',
      message: `unable to listen; port ${port} is taken`,
    });
    await expect(fetch(`http://127.0.0.1:${free}/_local/known`)).rejects.toThrow();
    expect(deaths).toEqual([]);
    taken.close();
  });

  it('end when they are told, with all their sockets', async () => {
    const [port = 0] = await freePorts(1);
    const running = await start([port]);
    const { client } = await say(port);
    const pid = pidOf(0);
    await running.close();
    await client.closed;
    expect(() => process.kill(pid, 0)).toThrow();
    expect(deaths).toEqual([]);
  });
});
