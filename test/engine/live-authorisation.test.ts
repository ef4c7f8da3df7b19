/** What ends a connection by itself: the end of its token, and a session that is gone though nobody told its connections. */
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, startEngine } from '../../local/engine.ts';
import { build } from '../../scripts/build.ts';
import { synthesize } from '../../scripts/start/synthesize.ts';
import { createTokenIssuer } from '../../shared/auth/issue-token.ts';
import { createAwsSend } from '../../shared/aws/client.ts';
import { createSecret } from '../../shared/aws/secret.ts';
import { UserId } from '../../shared/protocol/ids.ts';
import { type Account, people } from '../helper/account.ts';
import { type Client, openClient } from '../helper/client.ts';
import { untilClosed } from '../helper/closing.ts';
import { pause } from '../helper/endpoint.ts';
import { opened } from '../helper/token.ts';
import { bundledEnvironment, removeFolders, temporaryFolder } from './engine-helper.ts';
import { Items } from './grants-items.ts';

/** Milliseconds within which a connection is closed once its right has ended. */
const WITHIN_MS = 2_000;
const EXPIRED = { code: 'token_expired', reconnect: true };

let engine: Engine;
let dynamodb: DynamoDBClient;
let alice: Account;
let bob: Account;

beforeAll(async () => {
  await build();
  const assemblyDirectory = join(await temporaryFolder(), 'cdk.out');
  await synthesize(assemblyDirectory, {});
  engine = await startEngine({
    assemblyDirectory,
    environmentScript: await bundledEnvironment(),
    logLevel: 'warn',
  });
  const credentials = { accessKeyId: 'user', secretAccessKey: 'any' };
  dynamodb = new DynamoDBClient({ endpoint: engine.awsEndpoint, region: 'us-east-1', credentials });
  [alice, bob] = await people(engine, 'alice', 'bob');
}, 120_000);

afterAll(async () => {
  for (const account of [alice, bob]) account?.disconnect();
  dynamodb?.destroy();
  await engine?.close();
  await removeFolders();
});

const endOf = (token: string): number => Number(opened(token).claims.exp) * 1_000;

/** A token of the account's session, signed with the service's own key, that ends in so many seconds. */
async function tokenFor({ user, token }: Account, lifetimeSeconds: number): Promise<string> {
  const { claims } = opened(token);
  const environment = { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'user', AWS_SECRET_ACCESS_KEY: 'any' };
  const issue = createTokenIssuer({
    issuer: String(claims.iss),
    audience: String(claims.aud),
    now: Date.now,
    lifetimeSeconds,
    secret: createSecret({
      send: createAwsSend(environment),
      origin: engine.awsEndpoint,
      id: engine.model.secrets[0]?.arn ?? '',
    }),
  });
  return (await issue(UserId.parse(user), String(claims.sid))).accessToken;
}

/** How a connection is closed, which must happen within two seconds from `at`, and no sooner. */
async function closedAt(client: Client, at: number) {
  const end = await untilClosed(client, at + WITHIN_MS - Date.now());
  expect(Date.now()).toBeGreaterThanOrEqual(at);
  return end;
}

describe.concurrent('P9 revocation: a token’s end', () => {
  it('closes the connection, which may come back', async () => {
    const token = await tokenFor(alice, 5);
    const client = await openClient(engine, { token });
    await client.command('ping');
    expect(await closedAt(client, endOf(token))).toEqual(EXPIRED);
    await (await alice.connect()).command('ping');
  });

  it('closes a connection that came in by a ticket', async () => {
    const token = await tokenFor(alice, 5);
    const response = await fetch(`${engine.http}/api/auth/ticket`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
    });
    const { ticket } = (await response.json()) as { ticket: string };
    const client = await openClient(engine, { ticket });
    expect(await closedAt(client, endOf(token))).toEqual(EXPIRED);
  });

  it('is put off by a fresh token, again and again', async () => {
    const first = await tokenFor(alice, 5);
    const client = await openClient(engine, { token: first });
    const second = await tokenFor(alice, 9);
    const { expiresAt } = await client.command('authenticate', { token: second });
    expect(Date.parse(expiresAt)).toBe(endOf(second));
    await pause(endOf(first) + WITHIN_MS - Date.now());
    await client.command('ping');
    expect(await closedAt(client, endOf(second))).toEqual(EXPIRED);
  });

  it('is not put off by another user’s token', async () => {
    const token = await tokenFor(alice, 5);
    const client = await openClient(engine, { token });
    const reply = await client.ask({ action: 'authenticate', token: bob.token });
    expect(reply.error?.code).toBe('forbidden');
    expect(await closedAt(client, endOf(token))).toEqual(EXPIRED);
  });

  it('is not brought nearer by a token that ends sooner', async () => {
    const [longer, shorter] = [await tokenFor(alice, 9), await tokenFor(alice, 5)];
    const client = await openClient(engine, { token: longer });
    const { expiresAt } = await client.command('authenticate', { token: shorter });
    expect(Date.parse(expiresAt)).toBe(endOf(longer));
    expect(await closedAt(client, endOf(longer))).toEqual(EXPIRED);
  });
});

describe('P9 revocation: a session that is gone', () => {
  it('takes its connections along, though who ended it died before it told them', async () => {
    const client = await bob.connect();
    const name = engine.model.tables.find(({ constructPath }) => constructPath.includes('/Chat'))?.name;
    const session = String(opened(bob.token).claims.sid);
    const key = { pk: `SESSIONS#${bob.user}`, sk: `SESSION#${session}` };
    await new Items(dynamodb, name ?? '').delete(key);
    expect(await closedAt(client, Date.now())).toEqual({ code: 'session_revoked', reconnect: false });
  });
});
