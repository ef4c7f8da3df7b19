import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { GetItemCommand, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import type { EngineOptions } from '../../local/engine.ts';
import {
  bundledEnvironment,
  changedSample,
  eventually,
  removeFolders,
  SAMPLE,
  type SampleEngine,
  startSample,
  type Template,
  temporaryFolder,
} from './engine-helper.ts';

const running: SampleEngine[] = [];

async function start(options: Partial<EngineOptions> = {}): Promise<SampleEngine> {
  const engine = await startSample(options);
  running.push(engine);
  return engine;
}

/** Sets properties of the sample's custom resource. */
const withToken = (properties: object) => (template: Template) =>
  Object.assign(template.Resources.Token?.Properties ?? {}, properties);

async function noted(engine: SampleEngine): Promise<Map<string, unknown>> {
  const { Items = [] } = await engine.dynamodb.send(new ScanCommand({ TableName: 'Sample-Done' }));
  return new Map(Items.map(({ pk, value }) => [pk?.S ?? '', JSON.parse(value?.S ?? 'null')]));
}

/** Temporary folders of the engine that exist now. */
async function engineFolders(): Promise<string[]> {
  const parent = existsSync('/dev/shm') ? '/dev/shm' : '/tmp';
  return (await readdir(parent)).filter((name) => name.startsWith('local-engine-'));
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((engine) => engine.close()));
});
afterAll(removeFolders);

describe('the engine', () => {
  it('serves the stack’s APIs on the port of a server that listened before it', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const engine = await start({ server });
    expect(engine.http).toBe(`http://127.0.0.1:${port}`);
    expect(engine.outputs.WebSocketUrl).toBe(`ws://127.0.0.1:${port}/ws`);
    const socket = new WebSocket(engine.websocket);
    await once(socket, 'open');
    socket.send('{"action":"echo","text":"hello"}');
    const [answer] = await once(socket, 'message');
    expect(String(answer)).toBe('{"action":"echo","text":"hello"}');
    socket.close();
  });

  it('tells a taken port, and leaves nothing running', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    await expect(start({ port, host: '127.0.0.1' })).rejects.toMatchObject({
      code: 'port_taken',
      message: `unable to listen; port ${port} is taken`,
    });
    server.close();
  });

  it('refuses a function what its role does not allow, and says which grant is missing', async () => {
    const assemblyDirectory = await changedSample(({ Resources }) => {
      const document = Resources.RolePolicy?.Properties.PolicyDocument as {
        Statement: { Action: unknown }[];
      };
      for (const statement of document.Statement) {
        if (Array.isArray(statement.Action)) {
          statement.Action = statement.Action.filter(
            (name) => !/PutSecretValue|GetSecretValue|dynamodb:Query/.test(name),
          );
        }
      }
    });
    const engine = await start({ assemblyDirectory });
    await expect(engine.post('secret')).rejects.toThrow('500');
    await expect(engine.post('query')).rejects.toThrow('500');
    const lines = engine.logs.map(({ text }) => text).join('\n');
    expect(lines).toMatch(
      /^Sample-Front \(Front\) is denied secretsmanager:GetSecretValue on arn:aws:secretsmanager:.*; its role lacks the grant$/m,
    );
    expect(lines).toMatch(
      /is denied dynamodb:Query on arn:aws:dynamodb:us-east-1:000000000000:table\/Sample-Items;/,
    );
    // The service's own error, as the function's client saw it.
    expect(lines).toMatch(
      /AccessDeniedException: User: arn:aws:sts::000000000000:assumed-role\/Sample-Role\/Sample-Front is not/,
    );
    expect(await engine.post('put', { pk: { S: 'a' }, sk: { S: '1' } })).toEqual({});
  });

  it('gives each function credentials of its own, and the address of its services', async () => {
    const engine = await start();
    await engine.post('secret');
    const { calls } = await engine.metrics();
    expect(Object.keys(calls).sort()).toEqual(['Sample-Front', 'Sample-Maker']);
  });

  it('shows its counts to whoever develops on it', async () => {
    const engine = await start();
    const response = await fetch(`${engine.http}/_local/metrics`);
    expect(await response.json()).toMatchObject({
      functions: { 'Sample-Maker': { invocations: 1 } },
      calls: { 'Sample-Maker': { 'dynamodb:PutItem': { calls: 1 } } },
      iteratorAge: { ReaderMapping: 0 },
    });
  });

  it('ends at once, even while a function runs, and leaves no folder', async () => {
    const before = await engineFolders();
    const engine = await start();
    const folders = (await engineFolders()).filter((name) => !before.includes(name));
    expect(folders.length).toBeGreaterThan(0);
    await engine.dynamodb.send(
      new PutItemCommand({ TableName: 'Sample-Items', Item: { pk: { S: 'a' }, sk: { S: 'E#1' } } }),
    );
    const started = performance.now();
    await engine.close();
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(await engineFolders()).not.toEqual(expect.arrayContaining(folders));
  });

  it('lets its process end by itself when it is closed', async () => {
    const child = spawn(
      process.execPath,
      [
        '--import',
        'tsx',
        join(import.meta.dirname, 'fixtures/start-and-stop.ts'),
        SAMPLE,
        await bundledEnvironment(),
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let output = '';
    child.stdout.on('data', (data) => {
      output += data;
    });
    const [code] = await once(child, 'exit');
    expect(code).toBe(0);
    const { folder } = JSON.parse(output);
    expect(existsSync(folder)).toBe(false);
  });
});

describe('kept data', () => {
  it('is all there at the next start: items, secrets, the places of the readers', async () => {
    const dataDirectory = join(await temporaryFolder(), 'data');
    const first = await start({ dataDirectory });
    const { value: secret } = (await first.post('secret')) as { value: string };
    await first.dynamodb.send(
      new PutItemCommand({ TableName: 'Sample-Items', Item: { pk: { S: 'a' }, sk: { S: 'E#1' } } }),
    );
    const readBefore = (notes: Map<string, unknown>) =>
      [...notes.keys()].filter((key) => key.startsWith('stream'));
    await eventually(
      async () => readBefore(await noted(first)),
      (keys) => keys.length === 1,
    );
    const [key = ''] = readBefore(await noted(first));
    // Noted is not yet done with: the function has to answer.
    await eventually(
      async () => (await first.metrics()).functions['Sample-Reader']?.running,
      (n) => n === 0,
    );
    const { record } = (await noted(first)).get(key) as { record: { eventID: string } };
    await first.close();

    const second = await start({ dataDirectory });
    expect(await second.post('secret')).toEqual({ value: secret });
    const { Item } = await second.dynamodb.send(
      new GetItemCommand({ TableName: 'Sample-Items', Key: { pk: { S: 'a' }, sk: { S: 'E#1' } } }),
    );
    expect(Item).toBeDefined();
    // Read once, not again; and made once.
    await second.dynamodb.send(
      new PutItemCommand({ TableName: 'Sample-Items', Item: { pk: { S: 'a' }, sk: { S: 'E#2' } } }),
    );
    await eventually(
      async () => readBefore(await noted(second)),
      (keys) => keys.length === 2,
    );
    expect((await second.metrics()).functions['Sample-Reader']?.invocations).toBe(1);
    expect(record.eventID).toMatch(/^[0-9a-f]{32}$/);
    expect((await second.metrics()).functions['Sample-Maker']?.invocations).toBe(0);
  });

  it('holds the secrets in a file that only the user can read', async () => {
    const dataDirectory = await temporaryFolder();
    const engine = await start({ dataDirectory });
    const { value } = (await engine.post('secret')) as { value: string };
    const file = join(dataDirectory, 'secrets.json');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(file, 'utf8'))).toHaveProperty('secrets');
    for (const name of await readdir(dataDirectory)) {
      if (name !== 'secrets.json')
        expect((await readFile(join(dataDirectory, name))).includes(value)).toBe(false);
    }
  });

  it('reads what was written while no engine ran', async () => {
    const dataDirectory = join(await temporaryFolder(), 'data');
    const withoutReader = await changedSample(({ Resources }) => {
      const mapping = Resources.ReaderMapping;
      if (mapping) mapping.Properties.Enabled = false;
    });
    const first = await start({ dataDirectory, assemblyDirectory: withoutReader });
    for (const sk of ['E#1', 'E#2']) {
      const Item = { pk: { S: 'late' }, sk: { S: sk } };
      await first.dynamodb.send(new PutItemCommand({ TableName: 'Sample-Items', Item }));
    }
    await first.close();
    const second = await start({ dataDirectory });
    const keys = await eventually(
      async () => [...(await noted(second)).keys()].filter((key) => key.startsWith('stream')),
      (all) => all.length === 2,
    );
    expect(keys).toHaveLength(2);
  });
});

describe('a mapping that begins at the latest record', () => {
  it('reads what comes after it was made, and nothing before', async () => {
    const dataDirectory = join(await temporaryFolder(), 'data');
    const put = (engine: SampleEngine, sk: string) =>
      engine.dynamodb.send(
        new PutItemCommand({ TableName: 'Sample-Items', Item: { pk: { S: 'latest' }, sk: { S: sk } } }),
      );
    const withoutMapping = await changedSample(({ Resources }) => {
      delete Resources.ReaderMapping;
    });
    const first = await start({ dataDirectory, assemblyDirectory: withoutMapping });
    await put(first, 'E#1');
    await first.close();
    const latest = await changedSample(({ Resources }) => {
      Object.assign(Resources.ReaderMapping?.Properties ?? {}, { StartingPosition: 'LATEST' });
    });
    const second = await start({ dataDirectory, assemblyDirectory: latest });
    await put(second, 'E#2');
    const read = async () => {
      const notes = [...(await noted(second))].filter(([key]) => key.startsWith('stream'));
      return notes.map(
        ([, note]) => (note as { record: { dynamodb: { Keys: unknown } } }).record.dynamodb.Keys,
      );
    };
    expect(await eventually(read, (keys) => keys.length > 0)).toEqual([
      { pk: { S: 'latest' }, sk: { S: 'E#2' } },
    ]);
  });
});

describe('a custom resource', () => {
  it('is created with its properties, by CloudFormation’s protocol', async () => {
    const engine = await start();
    expect((await noted(engine)).get('custom Create')).toEqual({
      RequestType: 'Create',
      ServiceToken: 'arn:aws:lambda:us-east-1:000000000000:function:Sample-Maker',
      ResponseURL: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f-]{36}$/),
      StackId: 'arn:aws:cloudformation:us-east-1:000000000000:stack/Sample/local',
      RequestId: expect.any(String),
      LogicalResourceId: 'Token',
      ResourceType: 'Custom::Token',
      ResourceProperties: expect.objectContaining({ Table: 'Sample-Items', Version: '1' }),
    });
  });

  it('is updated with the old properties where kept data knows other ones', async () => {
    const dataDirectory = join(await temporaryFolder(), 'data');
    await (await start({ dataDirectory })).close();
    const assemblyDirectory = await changedSample(withToken({ Version: '2' }));
    const engine = await start({ dataDirectory, assemblyDirectory });
    expect((await noted(engine)).get('custom Update')).toMatchObject({
      RequestType: 'Update',
      PhysicalResourceId: 'token-1',
      ResourceProperties: { Version: '2' },
      OldResourceProperties: { Version: '1' },
    });
  });

  it('that fails ends the start with its reason', async () => {
    const assemblyDirectory = await changedSample(withToken({ Fail: 'no key today' }));
    await expect(start({ assemblyDirectory })).rejects.toMatchObject({
      code: 'custom_resource_failed',
      message: expect.stringMatching(/unable to create Custom::Token Token .*; no key today$/),
    });
  });

  it('that throws is told at once, and one that never answers at its time-out', async () => {
    const throwing = await changedSample((template) => {
      withToken({ ServiceTimeout: 60, ServiceToken: { 'Fn::GetAtt': ['Echo', 'Arn'] }, fail: true })(
        template,
      );
      Object.assign(template.Resources.Echo?.Properties ?? {}, { Handler: 'index.missing' });
    });
    await expect(start({ assemblyDirectory: throwing })).rejects.toThrow(/Custom::Token Token .*missing/);
    const silent = await changedSample(
      withToken({ ServiceTimeout: '1', ServiceToken: { 'Fn::GetAtt': ['Echo', 'Arn'] } }),
    );
    await expect(start({ assemblyDirectory: silent })).rejects.toThrow(/no answer within 1 s$/);
  });
});
