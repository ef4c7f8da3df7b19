import { once } from 'node:events';
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOidcVerifier, userIdOf } from '../../shared/auth/oidc.ts';
import { Tokens, User } from '../../shared/protocol/rest.ts';
import { type HttpApp, startHttpApp } from '../helper/http-app.ts';
import { type OidcProvider, startOidcProvider } from '../helper/oidc.ts';

const AUDIENCE = 'parley-api';
let provider: OidcProvider;
beforeAll(async () => {
  provider = await startOidcProvider({ audience: AUDIENCE });
});
afterAll(() => provider.stop());

const verifier = (
  more: { audience?: string; issuer?: string; userClaim?: string; now?: () => number } = {},
) =>
  createOidcVerifier({
    issuer: provider.issuer,
    audience: AUDIENCE,
    userClaim: 'sub',
    now: () => Date.now(),
    ...more,
  });
const refused = { code: 'unauthenticated', message: expect.stringContaining('not valid') };

describe('an access token of a real provider', () => {
  it('says who someone is, until when, and of no session of ours', async () => {
    const { accessToken } = await provider.logIn('alice');
    const identity = await verifier()(accessToken);
    expect(identity).toEqual({ user: 'alice', session: undefined, expiresAt: expect.any(Number) });
    expect(identity.expiresAt).toBeGreaterThan(Date.now());
    expect(identity.expiresAt).toBeLessThanOrEqual(Date.now() + 300_000);
  });

  it('is refused once it has ended, for another audience, and as that of another issuer', async () => {
    const { accessToken } = await provider.logIn('alice');
    await expect(verifier({ now: () => Date.now() + 306_000 })(accessToken)).rejects.toMatchObject(refused);
    await expect(verifier({ audience: 'another' })(accessToken)).rejects.toMatchObject(refused);
    const other = await provider.logIn('alice', 'another-api');
    await expect(verifier()(other.accessToken)).rejects.toMatchObject(refused);
    const second = await startOidcProvider({ audience: AUDIENCE });
    try {
      const foreign = await second.logIn('alice');
      await expect(verifier()(foreign.accessToken)).rejects.toMatchObject(refused);
    } finally {
      await second.stop();
    }
  });

  it('is not an ID token', async () => {
    const { idToken } = await provider.logIn('alice');
    await expect(verifier()(idToken)).rejects.toMatchObject(refused);
  });

  it('is not what anyone makes up', async () => {
    const { accessToken } = await provider.logIn('alice');
    const [head, , signature] = accessToken.split('.');
    const payload = Buffer.from(
      JSON.stringify({ sub: 'bob', iss: provider.issuer, aud: AUDIENCE, exp: 9e9 }),
    );
    for (const token of ['', 'a.b.c', `${head}.${payload.toString('base64url')}.${signature}`]) {
      await expect(verifier()(token)).rejects.toMatchObject(refused);
    }
  });

  it('costs one request for the keys, however many come, and so do keys that nobody has', async () => {
    const { accessToken } = await provider.logIn('alice');
    const verify = verifier();
    const before = provider.keyRequests();
    await Promise.all(Array.from({ length: 20 }, () => verify(accessToken)));
    expect(provider.keyRequests() - before).toBe(1);
    const { privateKey } = await generateKeyPair('ES256');
    for (let i = 0; i < 10; i++) {
      const token = new SignJWT({ sub: 'alice', iss: provider.issuer, aud: AUDIENCE })
        .setProtectedHeader({ alg: 'ES256', kid: `unknown-${i}` })
        .setExpirationTime('5m');
      await expect(verify(await token.sign(privateKey))).rejects.toMatchObject(refused);
    }
    expect(provider.keyRequests() - before).toBe(1);
  });

  it('can be told again later where the provider does not answer', async () => {
    const { accessToken } = await provider.logIn('alice');
    const nobody = verifier({ issuer: 'http://127.0.0.1:9' });
    await expect(nobody(accessToken)).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('the tokens of other providers', () => {
  let issuer: string;
  let sign: (claims: JWTPayload, typ?: string) => Promise<string>;
  let stop: () => void;

  beforeAll(async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256');
    const keys = [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256' }];
    const server = createServer((request, response) => {
      const document = { issuer, jwks_uri: `${issuer}/keys` };
      response.end(JSON.stringify(request.url === '/keys' ? { keys } : document));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    issuer = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    sign = (claims, typ) =>
      new SignJWT({ iss: issuer, ...claims })
        .setProtectedHeader({ alg: 'RS256', kid: 'one', ...(typ ? { typ } : {}) })
        .setIssuedAt()
        .setExpirationTime('5m')
        .sign(privateKey);
    stop = () => server.close();
  });
  afterAll(() => stop());

  const check = async (claims: JWTPayload, typ?: string) =>
    verifier({ issuer })(await sign(claims, typ)).then(
      ({ user }) => user,
      (error: { code: string }) => error.code,
    );
  const sub = 'alice';

  it.each([
    ['Cognito', { sub, client_id: AUDIENCE, token_use: 'access' }, undefined, 'alice'],
    [
      'Cognito, of another client',
      { sub, client_id: 'other', token_use: 'access' },
      undefined,
      'unauthenticated',
    ],
    ['Cognito, an ID token', { sub, aud: AUDIENCE, token_use: 'id' }, undefined, 'unauthenticated'],
    ['Keycloak', { sub, aud: ['account', AUDIENCE], typ: 'Bearer' }, 'JWT', 'alice'],
    ['Keycloak, an ID token', { sub, aud: AUDIENCE, typ: 'ID' }, 'JWT', 'unauthenticated'],
    ['Auth0', { sub, aud: [AUDIENCE, 'https://x/userinfo'], azp: 'app' }, 'at+jwt', 'alice'],
    ['an ID token with a nonce', { sub, aud: AUDIENCE, nonce: 'n' }, 'JWT', 'unauthenticated'],
    ['a logout token', { sub, aud: AUDIENCE }, 'logout+jwt', 'unauthenticated'],
    ['no audience', { sub }, undefined, 'unauthenticated'],
    ['no subject', { aud: AUDIENCE }, undefined, 'unauthenticated'],
    ['an empty subject', { sub: '', aud: AUDIENCE }, undefined, 'unauthenticated'],
  ])('%s', async (_, claims, typ, outcome) => {
    expect(await check(claims, typ)).toBe(outcome);
  });

  it('may name people by another claim', async () => {
    const token = await sign({ sub: '1234', username: 'alice', aud: AUDIENCE });
    expect((await verifier({ issuer, userClaim: 'username' })(token)).user).toBe('alice');
    const without = await sign({ sub: '1234', aud: AUDIENCE });
    await expect(verifier({ issuer, userClaim: 'username' })(without)).rejects.toMatchObject(refused);
  });

  it('must be of the issuer that the discovery document names', async () => {
    const token = await sign({ sub, aud: AUDIENCE });
    await expect(verifier({ issuer: `${issuer}/` })(token)).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('a subject', () => {
  it('that is a user id is taken as it is', () => {
    for (const sub of ['alice', 'bob.smith', '0123']) expect(userIdOf(sub)).toBe(sub);
  });

  it('that is none becomes one, the same for good, and nobody becomes two people', () => {
    const strange = [
      'auth0|5f7c8ec7c33c6c004bbafe82',
      'Alice',
      'ab',
      '3f2504e0-4f89-41d3-9a0c-0305e82c3301',
      'é',
    ];
    const ids = strange.map(userIdOf);
    for (const id of ids) expect(id).toMatch(/^u-[0-9a-f]{30}$/);
    expect(new Set(ids).size).toBe(strange.length);
    expect(strange.map(userIdOf)).toEqual(ids);
    // Who is called like somebody's hash, or like a deleted user, is hashed too.
    for (const name of [ids[0] ?? '', 'deleted-0123456789ab']) expect(userIdOf(name)).not.toBe(name);
  });
});

describe('the HTTP API with users from elsewhere', () => {
  let app: HttpApp;
  beforeAll(async () => {
    app = await startHttpApp({ OIDC_ISSUER: provider.issuer, OIDC_AUDIENCE: AUDIENCE });
  });
  afterAll(() => app.stop());

  it('takes their tokens, and makes an account at the first', async () => {
    const { accessToken: token } = await provider.logIn('carol');
    const me = await app.ask('GET', '/api/auth/me', { token });
    expect(User.parse(me.body)).toMatchObject({ user: 'carol', displayName: 'carol' });
    const named = await app.ask('PATCH', '/api/auth/me', { token, body: { displayName: 'Carol' } });
    expect(User.parse(named.body).displayName).toBe('Carol');
    const room = await app.ask('POST', '/api/rooms', { token, body: { name: 'Theirs', kind: 'public' } });
    expect(room.status).toBe(201);
  });

  it('refuses to register, log in, refresh and change a password, and says why', async () => {
    const { accessToken: token } = await provider.logIn('dave');
    const body = { username: 'erin', password: 'long enough' };
    const password = { current: 'x', next: 'long enough' };
    const replies = [
      await app.ask('POST', '/api/auth/register', { body }),
      await app.ask('POST', '/api/auth/login', { body }),
      await app.ask('POST', '/api/auth/refresh', { body: { refreshToken: 'x' } }),
      await app.ask('PATCH', '/api/auth/me', { token, body: { password } }),
    ];
    for (const { status, body } of replies) {
      expect(status).toBe(403);
      expect(body).toMatchObject({
        error: { message: expect.stringContaining('accounts are kept elsewhere') },
      });
    }
  });

  it('takes no token of our own', async () => {
    const own = await app.services.issueAccessToken(userIdOf('carol'), 'session');
    expect((await app.ask('GET', '/api/auth/me', { token: own.accessToken })).status).toBe(401);
  });

  it('forgets who deletes themselves, and refuses their tokens from then on', async () => {
    const { accessToken: token } = await provider.logIn('frank');
    expect((await app.ask('GET', '/api/auth/me', { token })).status).toBe(200);
    expect((await app.ask('DELETE', '/api/auth/me', { token })).status).toBe(204);
    const later = (await provider.logIn('frank')).accessToken;
    for (const one of [token, later]) {
      expect((await app.ask('GET', '/api/auth/me', { token: one })).status).toBe(401);
      expect((await app.ask('GET', '/api/rooms', { token: one })).status).toBe(401);
    }
  });

  it('without them is not open to them', async () => {
    const own = await startHttpApp();
    try {
      const { accessToken: token } = await provider.logIn('carol');
      expect((await own.ask('GET', '/api/auth/me', { token })).status).toBe(401);
      const registered = await own.ask('POST', '/api/auth/register', {
        body: { username: 'carol', password: 'long enough' },
      });
      expect(Tokens.parse(registered.body).user.user).toBe('carol');
    } finally {
      await own.stop();
    }
  });
});
