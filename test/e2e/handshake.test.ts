import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../helper/matchers.ts';
import { type Account, bodyOf, call, people } from '../helper/account.ts';
import { type Entrance, handshakeStatus, openClient } from '../helper/client.ts';
import { allowedOrigin, endpoint } from '../helper/endpoint.ts';
import { alteredToken, confusedToken, forgedToken, opened, unsignedToken } from '../helper/token.ts';
import { deviates, itUnlessDeviating } from './deviations.ts';

let alice: Account;
let bob: Account;
beforeAll(async () => {
  [alice, bob] = await people(endpoint(), 'alice', 'bob');
});
afterAll(() => alice.disconnect());

/** Where a target can't tell 401 from 403, being refused is what is left to see. */
const UNAUTHENTICATED = deviates('handshake-status') ? 403 : 401;

const status = (entrance: Entrance) => handshakeStatus(endpoint(), entrance);

describe('the handshake', () => {
  it('lets in who brings an access token', async () => {
    const client = await alice.connect();
    expect((await client.command('ping')).at).toMatch(/Z$/);
  });

  it('lets in who brings a ticket', async () => {
    const client = await openClient(endpoint(), { ticket: await alice.ticket() });
    await client.command('ping');
    await client.close();
  });

  it('sends nothing first', async () => {
    const client = await alice.connect();
    await client.command('ping');
    expect(client.frames).toHaveLength(1);
  });

  it('refuses who brings nothing', async () => {
    expect(await status({})).toBe(UNAUTHENTICATED);
  });

  it('refuses an empty, a foreign and a malformed credential', async () => {
    const values = [
      '',
      'Bearer',
      'Bearer ',
      'Bearer nonsense',
      'Bearer a.b.c',
      `Basic ${alice.token}`,
      'null',
    ];
    for (const authorization of values) {
      expect(await status({ headers: { authorization } }), authorization).toBe(UNAUTHENTICATED);
    }
  });

  it('P7 no forgery: refuses a token without a signature', async () => {
    expect(await status({ token: unsignedToken(alice.token) })).toBe(UNAUTHENTICATED);
  });

  it('P7 no forgery: refuses a token that another key signed', async () => {
    expect(await status({ token: forgedToken(alice.token) })).toBe(UNAUTHENTICATED);
    expect(await status({ token: forgedToken(alice.token, { sub: bob.user }) })).toBe(UNAUTHENTICATED);
  });

  it('P7 no forgery: refuses a token whose claims were changed', async () => {
    expect(await status({ token: alteredToken(alice.token, { sub: bob.user }) })).toBe(UNAUTHENTICATED);
    expect(await status({ token: alteredToken(alice.token, { exp: 4_102_444_800 }) })).toBe(UNAUTHENTICATED);
  });

  it('P7 no forgery: refuses a token signed with the public key for a secret', async () => {
    const { text } = await call(endpoint(), 'GET', '/.well-known/jwks.json');
    expect(await status({ token: confusedToken(alice.token, text) })).toBe(UNAUTHENTICATED);
  });

  it('P7 no forgery: refuses an expired token, signed or not', async () => {
    const exp = Math.floor(Date.now() / 1000) - 3_600;
    expect(await status({ token: forgedToken(alice.token, { exp }) })).toBe(UNAUTHENTICATED);
    expect(await status({ token: alteredToken(alice.token, { exp }) })).toBe(UNAUTHENTICATED);
  });

  it('refuses an origin outside the allowed list with 403', async () => {
    expect(await status({ token: alice.token, origin: 'https://evil.example' })).toBe(403);
    expect(await status({ token: alice.token, origin: 'null' })).toBe(403);
    expect(await status({ token: alice.token, origin: `${allowedOrigin()}.evil.example` })).toBe(403);
  });

  it('lets in an allowed origin', async () => {
    expect(await status({ ticket: await alice.ticket(), origin: allowedOrigin() })).toBe(101);
  });

  itUnlessDeviating('handshake-status', 'tells 401 from 403', async () => {
    expect(await status({ token: 'nonsense' })).toBe(401);
    expect(await status({ token: alice.token, origin: 'https://evil.example' })).toBe(403);
  });
});

describe('a ticket', () => {
  it('answers 201 with a short life', async () => {
    const answer = await alice.call('POST', '/api/auth/ticket');
    const ticket = bodyOf<{ ticket: string; expiresIn: number }>(answer, 201);
    expect(ticket.expiresIn).toBeGreaterThan(0);
    expect(ticket.expiresIn).toBeLessThanOrEqual(30);
    expect(ticket.ticket).toMatch(/^[\w-]{16,}$/);
  });

  it('is given to who brings a token only', async () => {
    expect(await call(endpoint(), 'POST', '/api/auth/ticket')).toBeRefused('unauthenticated');
  });

  it('opens one connection, not two', async () => {
    const ticket = await alice.ticket();
    expect(await status({ ticket })).toBe(101);
    expect(await status({ ticket })).toBe(UNAUTHENTICATED);
  });

  it('opens one connection of five that try at once', async () => {
    const ticket = await alice.ticket();
    const statuses = await Promise.all(Array.from({ length: 5 }, () => status({ ticket })));
    expect(statuses.filter((code) => code === 101)).toHaveLength(1);
    expect(statuses.filter((code) => code === UNAUTHENTICATED)).toHaveLength(4);
  });

  it('is refused when it was made up', async () => {
    for (const ticket of ['', 'nonsense', 'x'.repeat(2_000), '../../etc', '%00', alice.token]) {
      expect(await status({ ticket }), ticket.slice(0, 20)).toBe(UNAUTHENTICATED);
    }
  });

  it('speaks for who asked for it', async () => {
    const client = await openClient(endpoint(), { ticket: await bob.ticket() });
    const refused = await client.ask({ action: 'authenticate', token: alice.token });
    expect(refused.error).toBeDefined();
    await client.close();
  });
});

describe('authenticate', () => {
  it('lets a connection live on with a fresh token of the same user', async () => {
    const client = await alice.connect();
    const body = { username: alice.user, password: alice.password };
    const login = await call(endpoint(), 'POST', '/api/auth/login', { body });
    const token = bodyOf<{ accessToken: string }>(login, 200).accessToken;
    const { expiresAt } = await client.command('authenticate', { token });
    expect(Date.parse(expiresAt)).toBe(Number(opened(token).claims.exp) * 1000);
  });

  it('P7 no forgery: refuses a forged token, and the connection lives on', async () => {
    const client = await alice.connect();
    for (const token of [unsignedToken(alice.token), forgedToken(alice.token), 'nonsense', 'a.b.c']) {
      expect(await client.ask({ action: 'authenticate', token })).toBeRefused('unauthenticated');
    }
    await client.command('ping');
  });

  it("P7 no forgery: refuses another user's token", async () => {
    const client = await alice.connect();
    const refused = await client.ask({ action: 'authenticate', token: bob.token });
    expect(refused).toBeRefused('forbidden');
  });
});
