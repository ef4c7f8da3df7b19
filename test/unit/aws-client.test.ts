import { createHash, createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignatureV4 } from '@smithy/signature-v4';
import { afterEach, describe, expect, it } from 'vitest';
import { AwsUnreachable, createAwsSend, serviceOrigin } from '../../shared/aws/client.ts';

const CREDENTIALS = {
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'secret',
  AWS_REGION: 'eu-central-1',
};

interface Seen {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
}

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A real server on a free port that answers each request as told and remembers it. */
async function listen(answer: (seen: Seen) => { status: number; body: string } | 'hang' | 'reset') {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const one = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers as Record<string, string>,
      body,
    };
    seen.push(one);
    const told = answer(one);
    if (told === 'reset') request.socket.destroy();
    else if (told !== 'hang') response.writeHead(told.status).end(told.body);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

/** SHA-256 in the form that the signer asks for. */
class Sha256 {
  private readonly hash;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytes(secret));
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.hash.update(bytes(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.hash.digest();
  }
}

function bytes(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data);
  return data instanceof ArrayBuffer
    ? new Uint8Array(data)
    : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** What AWS's own signer makes of the same request at the same time. */
async function signatureOf(seen: Seen, service: string): Promise<string> {
  const [path = '', query = ''] = seen.path.split('?');
  const signer = new SignatureV4({
    service,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
    sha256: Sha256,
    applyChecksum: false,
    uriEscapePath: service !== 's3',
  });
  const time = seen.headers['x-amz-date'] ?? '';
  const signedNames = /SignedHeaders=([^,]+)/.exec(seen.headers.authorization ?? '')?.[1]?.split(';') ?? [];
  const signed = await signer.sign(
    {
      method: seen.method,
      protocol: 'http:',
      hostname: '127.0.0.1',
      path,
      query: Object.fromEntries(new URLSearchParams(query)),
      headers: Object.fromEntries(signedNames.map((name) => [name, seen.headers[name] ?? ''])),
      body: seen.body,
    },
    {
      signingDate: new Date(time.replace(/(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/, '$1-$2-$3T$4:$5:$6Z')),
      signableHeaders: new Set(signedNames),
    },
  );
  return /Signature=(\w+)/.exec(signed.headers.authorization ?? '')?.[1] ?? '';
}

describe('signed calls', () => {
  it.each([
    ['dynamodb', '/', '{"TableName":"Chat"}'],
    ['execute-api', '/dev/%40connections/JKl2FeRUoAMCJ4A%3D', '{"text":"häl😀"}'],
    ['lambda', '/2015-03-31/functions/arn%3Aaws%3Alambda/invocations?b=2&a=1%2B1%20%2F', '{}'],
    ['s3', '/bucket/web%20app/%C3%A9%3D%2B.js', 'let x;'],
    ['s3', '/bucket/?list-type=2&encoding-type=url&continuation-token=a%2Fb%3D%2B', ''],
  ])('signs for %s as AWS’s own signer does', async (service, path, body) => {
    const { origin, seen } = await listen(() => ({ status: 200, body: 'ok' }));
    const send = createAwsSend(CREDENTIALS);
    const answer = await send({ service, origin, method: 'POST', path, body, timeoutMs: 1_000 });
    expect(answer).toEqual({ status: 200, body: 'ok' });
    const [one] = seen;
    if (!one) throw new Error('nothing arrived');
    expect(one).toMatchObject({ method: 'POST', path, body });
    expect(one.headers.authorization).toContain(`Signature=${await signatureOf(one, service)}`);
  });

  it('sends and signs the session token and what else AWS wants signed', async () => {
    const { origin, seen } = await listen(() => ({ status: 200, body: '' }));
    const send = createAwsSend({ ...CREDENTIALS, AWS_SESSION_TOKEN: 'session' });
    const headers = {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'DynamoDB_20120810.GetItem',
    };
    const call = { service: 'dynamodb', origin, method: 'POST', path: '/', body: '{}' } as const;
    await send({ ...call, headers, timeoutMs: 1_000 });
    const [one] = seen;
    if (!one) throw new Error('nothing arrived');
    expect(one.headers).toMatchObject({ ...headers, 'x-amz-security-token': 'session' });
    expect(one.headers.authorization).toContain(
      'SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target,',
    );
    expect(one.headers.authorization).toContain(`Signature=${await signatureOf(one, 'dynamodb')}`);
  });

  it('takes an answer whole that comes in many pieces, whatever character they cut through', async () => {
    const body = 'häl😀'.repeat(40_000);
    const { origin } = await listen(() => ({ status: 400, body }));
    const send = createAwsSend(CREDENTIALS);
    const answer = await send({ service: 'dynamodb', origin, method: 'POST', path: '/', timeoutMs: 1_000 });
    expect(answer).toEqual({ status: 400, body });
  });

  it.each(['hang', 'reset'] as const)('tells an unanswered call from a refused one: %s', async (fault) => {
    const { origin } = await listen(() => fault);
    const send = createAwsSend(CREDENTIALS);
    const call = send({ service: 'dynamodb', origin, method: 'POST', path: '/', body: '{}', timeoutMs: 100 });
    await expect(call).rejects.toBeInstanceOf(AwsUnreachable);
  });

  it('tells that nobody listens', async () => {
    const send = createAwsSend(CREDENTIALS);
    const call = send({
      service: 'lambda',
      origin: 'http://127.0.0.1:1',
      method: 'POST',
      path: '/',
      timeoutMs: 500,
    });
    await expect(call).rejects.toBeInstanceOf(AwsUnreachable);
  });

  it('finds a service where the environment says, else at AWS', () => {
    expect(serviceOrigin('dynamodb', { AWS_REGION: 'eu-west-1' })).toBe(
      'https://dynamodb.eu-west-1.amazonaws.com',
    );
    expect(serviceOrigin('dynamodb', { AWS_ENDPOINT_URL: 'http://a' })).toBe('http://a');
    expect(
      serviceOrigin('lambda', { AWS_ENDPOINT_URL: 'http://a', AWS_ENDPOINT_URL_LAMBDA: 'http://b' }),
    ).toBe('http://b');
  });
});
