/** The whole stack with users of a real OpenID Connect provider, over both APIs. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../helper/matchers.ts';
import { Account, bodyOf, call } from '../helper/account.ts';
import { handshakeStatus, openClient } from '../helper/client.ts';
import { type OidcProvider, startOidcProvider } from '../helper/oidc.ts';
import { type Started, startService } from '../helper/start.ts';

/** Life of a token: longer than each of these tests but the last takes, which waits for its end. */
const SECONDS = 12;
let provider: OidcProvider;
let service: Started;
beforeAll(async () => {
  provider = await startOidcProvider({ audience: 'parley-api', seconds: SECONDS });
  service = await startService({ oidcIssuer: provider.issuer, oidcAudience: 'parley-api' });
}, 120_000);
afterAll(async () => {
  await service?.close();
  await provider?.stop();
});

async function person(sub: string): Promise<Account> {
  const { accessToken } = await provider.logIn(sub);
  return new Account(service, sub, '', accessToken);
}

describe('people who log in elsewhere', () => {
  it('talk to each other over both APIs', async () => {
    const [alice, bob] = [await person('alice'), await person('bob')];
    const created = await alice.call('POST', '/api/rooms', {
      room: 'theirs',
      name: 'Theirs',
      kind: 'private',
    });
    bodyOf(created, 201);
    bodyOf(await bob.call('GET', '/api/auth/me'), 200);
    bodyOf(await alice.call('PUT', '/api/rooms/theirs/members/bob', {}), 200);
    const hers = await alice.connect();
    const his = await openClient(service, { ticket: await bob.ticket() });
    const { seq } = await hers.command('sendMessage', { room: 'theirs', text: 'hello' });
    expect(await his.untilHeard('theirs', seq)).toMatchObject({ user: 'alice', text: 'hello' });
    const fresh = (await provider.logIn('alice')).accessToken;
    const { expiresAt } = await hers.command('authenticate', { token: fresh });
    expect(Date.parse(expiresAt)).toBeGreaterThan(Date.now());
    hers.terminate();
    his.terminate();
  });

  it('are not let in with a token that is for others, or none', async () => {
    const { accessToken, idToken } = await provider.logIn('mallory', 'another-api');
    for (const token of [accessToken, idToken, 'a.b.c']) {
      expect(await handshakeStatus(service, { token })).toBe(401);
      expect(await call(service, 'GET', '/api/auth/me', { token })).toBeRefused('unauthenticated');
    }
    const body = { username: 'mallory', password: 'long enough' };
    expect(await call(service, 'POST', '/api/auth/register', { body })).toBeRefused('forbidden');
  });

  it('P9 are disconnected when they log out here', async () => {
    const carol = await person('carol');
    const client = await carol.connect();
    expect((await carol.call('POST', '/api/auth/logout')).status).toBe(204);
    await client.closed;
    expect(client.frames.at(-1)).toEqual({ type: 'closing', code: 'session_revoked', reconnect: false });
  });

  it('P9 stay out once they are deleted, though their tokens are good', async () => {
    const dave = await person('dave');
    const client = await dave.connect();
    bodyOf(await dave.call('GET', '/api/auth/me'), 200);
    expect((await dave.call('DELETE', '/api/auth/me')).status).toBe(204);
    await client.closed;
    expect(client.frames.at(-1)).toEqual({ type: 'closing', code: 'removed', reconnect: false });
    expect(await handshakeStatus(service, { token: dave.token })).toBe(401);
    expect(await dave.call('GET', '/api/rooms')).toBeRefused('unauthenticated');
  });

  it('P9 are disconnected when their token ends', async () => {
    const token = (await provider.logIn('erin')).accessToken;
    const client = await openClient(service, { token });
    await client.closed;
    expect(client.frames.at(-1)).toEqual({ type: 'closing', code: 'token_expired', reconnect: true });
  }, 30_000);
});
