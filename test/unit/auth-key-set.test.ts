import { calculateJwkThumbprint } from 'jose';
import { describe, expect, it } from 'vitest';
import { generateKey, parseKeySet, publicKeysOf, signingKeyOf } from '../../shared/auth/key-set.ts';

describe('the key set', () => {
  it('holds ES256 keys named by their RFC 7638 thumbprint', async () => {
    const key = await generateKey(1_000);
    expect(key).toMatchObject({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig', signsFrom: 1_000 });
    expect(key.kid).toBe(await calculateJwkThumbprint({ kty: key.kty, crv: key.crv, x: key.x, y: key.y }));
    expect(parseKeySet(JSON.stringify({ keys: [key] }))).toEqual({ keys: [key] });
  });

  it.each([
    ['nothing', undefined],
    ['a random text', 'q7Z!)x'],
    ['the placeholder of the template', '{"keys":[],"placeholder":"q7Z"}'],
    ['a number', '7'],
    ['null', 'null'],
    [
      'a public key',
      '{"keys":[{"kty":"EC","crv":"P-256","x":"a","y":"b","kid":"c","alg":"ES256","use":"sig"}]}',
    ],
  ])('is not made of %s', (_, text) => {
    expect(parseKeySet(text)).toBeUndefined();
  });

  it('shows nothing private', async () => {
    const key = await generateKey(1_000);
    const [shown] = publicKeysOf({ keys: [key] });
    expect(Object.keys(shown ?? {}).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    expect(JSON.stringify(shown)).not.toContain(key.d);
  });

  it('signs with the newest key whose time has come', async () => {
    const [last, next] = [await generateKey(1_000), await generateKey(2_000)];
    const set = { keys: [next, last] };
    expect(signingKeyOf(set, 999)).toBeUndefined();
    expect(signingKeyOf(set, 1_999)?.kid).toBe(last.kid);
    expect(signingKeyOf(set, 2_000)?.kid).toBe(next.kid);
  });
});
