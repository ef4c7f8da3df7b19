import { randomBytes } from 'node:crypto';
import { argon2id, argon2Verify } from 'hash-wasm';
import { describe, expect, it } from 'vitest';
import { ARGON2, hashPassword, needsRehash, verifyPassword } from '../../shared/auth/passwords.ts';

const PHC = /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/;

describe('passwords', () => {
  it('are hashed as argon2id in a PHC string, each with its own salt', async () => {
    const [first, second] = [await hashPassword('swordfish'), await hashPassword('swordfish')];
    expect(first).toMatch(PHC);
    expect(second).toMatch(PHC);
    expect(first).not.toBe(second);
  });

  it('are verified', async () => {
    const hash = await hashPassword('swordfish');
    expect(await verifyPassword('swordfish', hash)).toBe(true);
    expect(await verifyPassword('Swordfish', hash)).toBe(false);
    expect(await verifyPassword('swordfish ', hash)).toBe(false);
    expect(await verifyPassword('', hash)).toBe(false);
  });

  it('verify hashes that other implementations made', async () => {
    // From the test vectors of the reference implementation (phc-winner-argon2, test.c): version 19, argon2id, "password", "somesalt".
    const hash = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
    expect(await verifyPassword('password', hash)).toBe(true);
    expect(await verifyPassword('differentpassword', hash)).toBe(false);
  });

  it('are hashed as another implementation hashes them', async () => {
    for (const password of ['swordfish', 'пароль и ещё', '🦊'.repeat(64), 'x'.repeat(256)]) {
      expect(await argon2Verify({ password, hash: await hashPassword(password) })).toBe(true);
      const hash = await argon2id({
        password,
        salt: randomBytes(16),
        ...ARGON2,
        hashLength: 32,
        outputType: 'encoded',
      });
      expect(await verifyPassword(password, hash)).toBe(true);
    }
  });

  it('do not disturb each other, and one of a larger hash does not either', async () => {
    const larger = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
    const words = ['first word', 'second word', 'third word'];
    const hashes = await Promise.all(words.map(hashPassword));
    const fits = words.flatMap((word) => hashes.map((hash) => verifyPassword(word, hash)));
    const [big, ...small] = await Promise.all([verifyPassword('password', larger), ...fits]);
    expect(big).toBe(true);
    expect(small).toEqual([true, false, false, false, true, false, false, false, true]);
  });

  it('that are too short for anybody fit none', async () => {
    for (const short of ['', 'x', '1234567'])
      expect(await verifyPassword(short, await hashPassword('12345678'))).toBe(false);
    expect(await verifyPassword('\0'.repeat(7), await hashPassword('\0'.repeat(8)))).toBe(false);
  });

  it('are no argon2id of another version or kind', async () => {
    for (const stored of ['', 'swordfish', '$argon2i$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$CTFh'])
      await expect(verifyPassword('swordfish', stored)).rejects.toThrow('no PHC string');
  });

  it('are the same however the keyboard composes them', async () => {
    const hash = await hashPassword('caf\u00e9 caf\u00e9');
    expect(await verifyPassword('cafe\u0301 cafe\u0301', hash)).toBe(true);
  });

  it('take more than 72 bytes', async () => {
    const long = 'é'.repeat(256);
    const hash = await hashPassword(long);
    expect(await verifyPassword(long, hash)).toBe(true);
    expect(await verifyPassword(`${long.slice(0, -1)}e`, hash)).toBe(false);
  });

  it('never fit a user who does not exist', async () => {
    expect(await verifyPassword('anything', undefined)).toBe(false);
    expect(await verifyPassword('', undefined)).toBe(false);
  });

  it('are hashed again when the parameters were others', async () => {
    const older = await argon2id({
      password: 'swordfish',
      salt: Buffer.alloc(16, 7),
      ...ARGON2,
      iterations: 1,
      hashLength: 32,
      outputType: 'encoded',
    });
    expect(needsRehash(older)).toBe(true);
    expect(needsRehash(await hashPassword('swordfish'))).toBe(false);
  });
});
