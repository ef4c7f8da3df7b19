import { createLocalJWKSet, jwtVerify } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ensureSigningKeys } from '../../shared/auth/first-key.ts';
import { createTokenIssuer } from '../../shared/auth/issue-token.ts';
import { parseKeySet, signingKeyOf } from '../../shared/auth/key-set.ts';
import { createPublicKeys } from '../../shared/auth/public-keys.ts';
import {
  KEPT_SECONDS,
  ROTATE_AFTER_SECONDS,
  rotateKeys,
  SIGNS_AFTER_SECONDS,
} from '../../shared/auth/rotate-keys.ts';
import { createTokenVerifier } from '../../shared/auth/verify-token.ts';
import { createAwsSend } from '../../shared/aws/client.ts';
import { createSecret } from '../../shared/aws/secret.ts';
import { getPublicKeys } from '../../shared/data/public-keys.ts';
import { UserId } from '../../shared/protocol/ids.ts';
import { type Database, startDatabase } from '../helper/database.ts';
import { type SecretsManager, startSecretsManager } from '../helper/secrets-manager.ts';
import { randomOf } from '../simulation/random.ts';

const START = Date.parse('2026-03-01T00:00:00.000Z');
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const alice = UserId.parse('alice');

let database: Database;
let secrets: SecretsManager;
let clock = START;
const now = () => clock;

beforeAll(async () => {
  database = await startDatabase({ streams: false });
});
afterAll(() => database.stop());
beforeEach(async () => {
  clock = START;
  secrets = await startSecretsManager('{"keys":[],"placeholder":"x"}');
});
afterEach(() => secrets.stop());

const where = () => ({
  secret: createSecret({ send: createAwsSend(database.environment), origin: secrets.endpoint, id: 'keys' }),
  chat: database.tables(now).chat,
  now,
});
const rotate = (force = false) => rotateKeys({ ...where(), force });
const held = () => parseKeySet(secrets.value())?.keys ?? [];
const published = async () => (await getPublicKeys(where().chat)).map(({ kid }) => kid);

const ISSUER = { issuer: 'parley-test', audience: 'parley-test', now };
/** One execution environment: it signs and verifies, and keeps what it read for as long as the code lets it. */
function environment(lifetimeSeconds: number) {
  const { secret, chat } = where();
  return {
    issue: createTokenIssuer({ ...ISSUER, secret, lifetimeSeconds }),
    verify: createTokenVerifier({ ...ISSUER, keys: createPublicKeys({ chat, now }) }),
  };
}

describe('a rotation', () => {
  it('makes the next key, which is published now and signs ten minutes later', async () => {
    const [first] = (await ensureSigningKeys(where())).keys;
    clock += DAY;
    const { keys } = await rotate(true);
    expect(keys).toHaveLength(2);
    expect(keys[1]?.signsFrom).toBe(clock / 1_000 + SIGNS_AFTER_SECONDS);
    expect(await published()).toEqual(keys.map(({ kid }) => kid));
    expect(signingKeyOf({ keys }, clock / 1_000)?.kid).toBe(first?.kid);
    expect(signingKeyOf({ keys }, clock / 1_000 + SIGNS_AFTER_SECONDS)?.kid).toBe(keys[1]?.kid);
  });

  it('comes by itself after thirty days, and not before', async () => {
    await ensureSigningKeys(where());
    clock += ROTATE_AFTER_SECONDS * 1_000 - MINUTE;
    expect((await rotate()).keys).toHaveLength(1);
    clock += MINUTE;
    expect((await rotate()).keys).toHaveLength(2);
    expect((await rotate()).keys).toHaveLength(2);
  });

  it('takes the last key away when its tokens are gone, and not before', async () => {
    await ensureSigningKeys(where());
    clock += DAY;
    const next = (await rotate(true)).keys[1];
    clock += (SIGNS_AFTER_SECONDS + KEPT_SECONDS - 1) * 1_000;
    expect((await rotate()).keys).toHaveLength(2);
    clock += 1_000;
    expect((await rotate()).keys.map(({ kid }) => kid)).toEqual([next?.kid]);
    expect(await published()).toEqual([next?.kid]);
  });

  it('makes one key when it is asked for by several at once, or again while one waits', async () => {
    await ensureSigningKeys(where());
    await Promise.all([rotate(true), rotate(true), rotate(true)]);
    expect(held()).toHaveLength(2);
    await rotate(true);
    expect(held()).toHaveLength(2);
    expect((await published()).sort()).toEqual(
      held()
        .map(({ kid }) => kid)
        .sort(),
    );
  });

  it('never lets the secret hold a key that is not published, wherever it stops', async () => {
    await ensureSigningKeys(where());
    clock += DAY;
    for (let stop = 0; stop < 6; stop++) {
      let operations = 0;
      secrets.before(() => {
        if (operations++ === stop) throw new Error('AccessDeniedException');
      });
      await rotate(true).catch(() => undefined);
      secrets.before(() => undefined);
      const known = await published();
      for (const { kid } of held()) expect(known).toContain(kid);
    }
    await rotate(true);
    expect(await published()).toEqual(held().map(({ kid }) => kid));
  });

  it('refuses to go where there is no key at all', async () => {
    await expect(rotate(true)).rejects.toThrow('unable to rotate the signing keys; the secret holds none');
  });
});

it('tokens keep working throughout rotations under load, for those who verify here and elsewhere', async () => {
  await ensureSigningKeys(where());
  const random = randomOf(7);
  let environments = [environment(900), environment(900), environment(86_400)];
  /** Who verifies elsewhere keeps the public document for as long as it says: five minutes. */
  let document = { readAt: 0, keys: createLocalJWKSet({ keys: [] }) };
  const live: { token: string; until: number }[] = [];
  const signers = new Set<string>();
  let verified = 0;
  let rotatedAt = START;

  async function verifyEverywhere(token: string): Promise<void> {
    for (const { verify } of environments) expect((await verify(token)).user).toBe(alice);
    if (clock - document.readAt > 5 * MINUTE) {
      document = { readAt: clock, keys: createLocalJWKSet({ keys: await getPublicKeys(where().chat) }) };
    }
    const { protectedHeader } = await jwtVerify(token, document.keys, { currentDate: new Date(clock) });
    signers.add(protectedHeader.kid ?? '');
    verified++;
  }

  for (let step = 0; step < 600; step++) {
    clock += random.between(1, 12) * MINUTE;
    // By hand in between, by several at once; and the schedule.
    if (clock - rotatedAt > 8 * 60 * MINUTE) {
      rotatedAt = clock;
      await Promise.all([rotate(true), rotate(true), rotate()]);
    } else if (random.chance(0.05)) await rotate();
    // Now and then an environment goes, and a cold one comes.
    if (random.chance(0.1))
      environments = [...environments.slice(1), environment(random.chance(0.5) ? 900 : 86_400)];
    for (const { issue } of environments) {
      const { accessToken, expiresIn } = await issue(alice, 'session');
      await verifyEverywhere(accessToken);
      live.push({ token: accessToken, until: clock + expiresIn * 1_000 });
    }
    // Those that end before the next step: the last moment of each.
    const ending = live.filter(({ until }) => until - clock <= 12 * MINUTE);
    for (const { token } of ending.slice(0, 4)) await verifyEverywhere(token);
    live.splice(0, live.length, ...live.filter(({ until }) => until - clock > 12 * MINUTE));
  }
  expect(signers.size).toBeGreaterThan(6);
  expect(verified).toBeGreaterThan(1_800);
  // The document does not grow for ever: what signed more than a day ago is gone.
  expect((await published()).length).toBeLessThan(7);
}, 120_000);
