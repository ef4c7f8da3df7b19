import { createHmac } from 'node:crypto';
import { generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTokenIssuer, type IssueAccessToken } from '../../shared/auth/issue-token.ts';
import { generateKey, type KeySet, type PrivateKey, publicKeysOf } from '../../shared/auth/key-set.ts';
import { createPublicKeys, PUBLIC_KEYS_MAX_AGE_MS } from '../../shared/auth/public-keys.ts';
import type { SecretVersion } from '../../shared/auth/secret.ts';
import { createTokenVerifier, type VerifyAccessToken } from '../../shared/auth/verify-token.ts';
import { putPublicKeys } from '../../shared/data/public-keys.ts';
import type { Table } from '../../shared/data/table.ts';
import { UserId } from '../../shared/protocol/ids.ts';
import { type Database, startDatabase } from '../helper/database.ts';

const ISSUER = 'https://parley.example';
const AUDIENCE = 'parley';
const alice = UserId.parse('alice');
const SESSION = '7f3c1d1e-0000-4000-8000-000000000001';
const START = Date.UTC(2026, 0, 1);

let database: Database;
let chat: Table;
let reads = 0;
let clock = START;
let key: PrivateKey;
let keySet: KeySet;
let issue: IssueAccessToken;
let verify: VerifyAccessToken;
const now = () => clock;

beforeAll(async () => {
  database = await startDatabase({ streams: false });
  const tables = database.tables(now);
  chat = {
    ...tables.chat,
    get: (...args) => {
      reads++;
      return tables.chat.get(...args);
    },
  };
  key = await generateKey(START / 1_000 - 100);
});
afterAll(() => database.stop());

beforeEach(async () => {
  clock = START;
  keySet = { keys: [key] };
  await putPublicKeys(chat, publicKeysOf(keySet));
  issue = issuer();
  verify = verifier();
  reads = 0;
});

function issuer(options: { issuer?: string; audience?: string } = {}): IssueAccessToken {
  return createTokenIssuer({
    secret: {
      read: async (): Promise<SecretVersion> => ({ text: JSON.stringify(keySet), version: '1' }),
      write: async () => false,
    },
    issuer: ISSUER,
    audience: AUDIENCE,
    lifetimeSeconds: 900,
    now,
    ...options,
  });
}

function verifier(): VerifyAccessToken {
  return createTokenVerifier({
    keys: createPublicKeys({ chat, now }),
    issuer: ISSUER,
    audience: AUDIENCE,
    now,
  });
}

async function tokenOf(issuing: IssueAccessToken = issue): Promise<string> {
  return (await issuing(alice, SESSION)).accessToken;
}

function part(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

/** All refusals look alike. */
async function expectRefused(token: string): Promise<void> {
  await expect(verify(token)).rejects.toMatchObject({
    name: 'ParleyError',
    code: 'unauthenticated',
    message: 'unable to authenticate; the credential is missing, expired or not valid',
  });
}

describe('an access token', () => {
  it('proves user and session until it ends', async () => {
    const { accessToken, expiresIn } = await issue(alice, SESSION);
    expect(expiresIn).toBe(900);
    expect(await verify(accessToken)).toEqual({
      user: 'alice',
      session: SESSION,
      expiresAt: START + 900_000,
    });
  });

  it('is ES256 with the thumbprint of its key, issuer, audience and times', async () => {
    const [header = '', claims = ''] = (await tokenOf()).split('.');
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({
      alg: 'ES256',
      typ: 'at+jwt',
      kid: key.kid,
    });
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toEqual({
      sid: SESSION,
      iss: ISSUER,
      aud: AUDIENCE,
      sub: 'alice',
      iat: START / 1_000,
      exp: START / 1_000 + 900,
    });
  });

  it('is refused when it has ended, with a few seconds for clocks that differ', async () => {
    const token = await tokenOf();
    clock = START + 904_000;
    await expect(verify(token)).resolves.toMatchObject({ user: 'alice' });
    clock = START + 905_000;
    await expectRefused(token);
  });

  it('is refused with another issuer or audience', async () => {
    await expectRefused(await tokenOf(issuer({ issuer: 'https://other.example' })));
    await expectRefused(await tokenOf(issuer({ audience: 'other' })));
  });

  it('P7 is refused when a claim was changed', async () => {
    const [header, claims = '', signature] = (await tokenOf()).split('.');
    const changed = { ...JSON.parse(Buffer.from(claims, 'base64url').toString()), sub: 'mallory' };
    await expectRefused([header, part(changed), signature].join('.'));
  });

  it('is refused when another key signed it, even under the name of ours', async () => {
    const { privateKey } = await generateKeyPair('ES256');
    const forged = await new SignJWT({ sid: SESSION })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: key.kid })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject('alice')
      .setIssuedAt(START / 1_000)
      .setExpirationTime(START / 1_000 + 900)
      .sign(privateKey);
    await expectRefused(forged);
  });

  it('is refused with `alg: none`', async () => {
    const unsecured = new UnsecuredJWT({ sid: SESSION })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject('alice')
      .setIssuedAt(START / 1_000)
      .setExpirationTime(START / 1_000 + 900)
      .encode();
    await expectRefused(unsecured);
    const [, claims] = unsecured.split('.');
    await expectRefused(`${part({ alg: 'none', typ: 'at+jwt', kid: key.kid })}.${claims}.`);
  });

  it('is refused when the public key was used as an HMAC secret', async () => {
    const [, claims] = (await tokenOf()).split('.');
    const content = `${part({ alg: 'HS256', typ: 'at+jwt', kid: key.kid })}.${claims}`;
    const mac = createHmac('sha256', JSON.stringify(publicKeysOf(keySet)[0]))
      .update(content)
      .digest('base64url');
    await expectRefused(`${content}.${mac}`);
  });

  it.each([
    '',
    'x',
    'a.b.c',
    '..',
    `${part('{')}.${part('{')}.x`,
    'ключ',
    `${part({ alg: 'ES256' })}.${part({})}.AA`,
  ])('is refused when it is %j', (token) => expectRefused(token));

  it.each([
    ['no session', { sub: 'alice' }, 'at+jwt'],
    ['a user that can not exist', { sub: '../alice', sid: SESSION }, 'at+jwt'],
    ['the type of another kind of token', { sub: 'alice', sid: SESSION }, 'JWT'],
  ])('is refused with %s, though our key signed it', async (_, claims, typ) => {
    const { importJWK } = await import('jose');
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', typ, kid: key.kid })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setIssuedAt(START / 1_000)
      .setExpirationTime(START / 1_000 + 900)
      .sign(await importJWK(key, 'ES256'));
    await expectRefused(token);
  });
});

describe('the public keys', () => {
  it('are read once for many tokens, and again after five minutes', async () => {
    const token = await tokenOf();
    await Promise.all(Array.from({ length: 20 }, () => verify(token)));
    await verify(token);
    expect(reads).toBe(1);
    clock += PUBLIC_KEYS_MAX_AGE_MS + 1;
    await verify(token);
    expect(reads).toBe(2);
  });

  it('are read again for a key that is not known, but not for each made-up one', async () => {
    await verify(await tokenOf());
    const [, claims, signature] = (await tokenOf()).split('.');
    const madeUp = (kid: string) => [part({ alg: 'ES256', typ: 'at+jwt', kid }), claims, signature].join('.');
    clock += 11_000;
    for (let i = 0; i < 10; i++) await expectRefused(madeUp(`made-up-${i}`));
    expect(reads).toBe(2);
  });

  it('let a rotation log nobody out', async () => {
    const before = await tokenOf();
    await verify(before);
    const next = await generateKey(clock / 1_000 + 600);
    keySet = { keys: [key, next] };
    await putPublicKeys(chat, publicKeysOf(keySet));

    clock += 601_000;
    const after = await tokenOf();
    expect(JSON.parse(Buffer.from(after.split('.')[0] ?? '', 'base64url').toString()).kid).toBe(next.kid);
    await expect(verify(after)).resolves.toMatchObject({ user: 'alice' });
    await expect(verify(before)).resolves.toMatchObject({ user: 'alice' });
  });

  it('refuse the tokens of a key that is no longer published', async () => {
    const token = await tokenOf();
    await verify(token);
    await putPublicKeys(chat, publicKeysOf({ keys: [await generateKey(0)] }));
    clock += PUBLIC_KEYS_MAX_AGE_MS + 1;
    await expectRefused(token);
  });
});
