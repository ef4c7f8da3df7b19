import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { emulatedEnvironment } from '../../scripts/deploy/cdk.ts';
import { emulatorAddresses, emulatorContext, findEmulator } from '../../scripts/deploy/emulator.ts';
import { MINISTACK_VERSION } from '../../scripts/deploy/ministack.ts';
import { parseOutputs } from '../../scripts/deploy/outputs.ts';
import { synthesize } from './stack.ts';

let server: Server | undefined;
afterEach(() => server?.close());

/** An endpoint that answers a health check with 200 on the given paths, and 404 elsewhere. */
async function endpointWith(...paths: string[]): Promise<string> {
  server = createServer((request, response) => {
    response.writeHead(paths.includes(request.url ?? '') ? 200 : 404).end('{}');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://localhost:${(server.address() as AddressInfo).port}`;
}

describe('an emulator', () => {
  it('is MiniStack where MiniStack answers, though it has the path of LocalStack, too', async () => {
    const address = await endpointWith('/_ministack/health', '/_localstack/health');
    expect(await findEmulator(address)).toEqual({
      kind: 'ministack',
      endpoint: address.replace('localhost', '127.0.0.1'),
    });
  });

  it('is LocalStack where only LocalStack answers', async () => {
    expect(await findEmulator(await endpointWith('/_localstack/health'))).toMatchObject({
      kind: 'localstack',
    });
  });

  it.each(['http://127.0.0.1:1', 'http://nowhere.invalid:4566', 'not an address'])(
    'at %s is refused in one clear line',
    async (address) => {
      const message = await findEmulator(address).then(
        () => 'found',
        (error: Error) => error.message,
      );
      expect(message).toMatch(/^unable to deploy; .*$/);
      expect(message).toContain(address);
    },
  );

  it('is not anything that answers', async () => {
    await expect(findEmulator(await endpointWith('/'))).rejects.toThrow(/does not answer/);
  });

  it('gets context that the stack takes', async () => {
    for (const kind of ['ministack', 'localstack'] as const) {
      await synthesize(emulatorContext({ kind, endpoint: 'http://127.0.0.1:4566' }));
    }
  });

  it('is told apart in where its APIs answer', () => {
    const outputs = { HttpApiId: 'abc', WebSocketApiId: 'def' };
    expect(
      emulatorAddresses({ kind: 'ministack', endpoint: 'http://127.0.0.1:4566' }, outputs, 'dev'),
    ).toEqual({
      http: 'http://127.0.0.1:4566/_aws/execute-api/abc',
      websocket: 'ws://127.0.0.1:4566/_aws/execute-api/def/dev',
    });
    expect(
      emulatorAddresses({ kind: 'localstack', endpoint: 'http://127.0.0.1:4566' }, outputs, 'dev'),
    ).toEqual({
      http: 'http://abc.execute-api.localhost.localstack.cloud:4566',
      websocket: 'ws://def.execute-api.localhost.localstack.cloud:4566/dev',
    });
  });

  it('is never reached with real credentials', () => {
    const before = { ...process.env };
    Object.assign(process.env, {
      AWS_PROFILE: 'production',
      AWS_SESSION_TOKEN: 'real',
      CDK_DEFAULT_ACCOUNT: '1',
    });
    try {
      const environment = emulatedEnvironment('http://127.0.0.1:4566');
      expect(environment).toMatchObject({
        AWS_ACCESS_KEY_ID: 'test',
        AWS_ENDPOINT_URL: 'http://127.0.0.1:4566',
      });
      for (const name of ['AWS_PROFILE', 'AWS_SESSION_TOKEN', 'CDK_DEFAULT_ACCOUNT']) {
        expect(environment[name]).toBeUndefined();
      }
    } finally {
      process.env = before;
    }
  });
});

describe("a stack's outputs", () => {
  it('are read from the query API’s answer, in either order', () => {
    const member = (...fields: string[]) => `<member>\n${fields.join('\n')}\n</member>`;
    const xml = `<Stacks><member><StackName>x</StackName><Outputs>${[
      member('<OutputKey>HttpUrl</OutputKey>', '<OutputValue>https://a?b=1&amp;c=2</OutputValue>'),
      member(
        '<OutputValue>wss://d/dev</OutputValue>',
        '<Description>y</Description>',
        '<OutputKey>WebSocketUrl</OutputKey>',
      ),
    ].join('')}</Outputs></member></Stacks>`;
    expect(parseOutputs(xml)).toEqual({ HttpUrl: 'https://a?b=1&c=2', WebSocketUrl: 'wss://d/dev' });
  });

  it('are none where there are none', () => {
    expect(parseOutputs('<Stacks><member><StackName>x</StackName></member></Stacks>')).toEqual({});
  });
});

describe('docker-compose.yml', () => {
  it('starts the version of MiniStack that is tested, and no emulator for others on the network', async () => {
    const text = await readFile(join(import.meta.dirname, '../../docker-compose.yml'), 'utf8');
    expect(text).toContain(`image: ministackorg/ministack:${MINISTACK_VERSION}\n`);
    const ports = [...text.matchAll(/^ {4}ports: (.*)$/gm)].map(([, port]) => port);
    expect(ports).toEqual(['["127.0.0.1:4566:4566"]', '["127.0.0.1:4566:4566"]']);
  });
});
