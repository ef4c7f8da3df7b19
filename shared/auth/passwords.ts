/** Passwords as argon2id in PHC strings, so that each hash says how it was made. */
import { randomBytes } from 'node:crypto';
import { argon2id, argon2Verify } from 'hash-wasm';

/**
 * OWASP Password Storage Cheat Sheet (2025): argon2id with 19 MiB, two passes, one lane. Of the settings that it calls equal
 * this one fits a small Lambda's memory; about 50 ms on one core.
 */
export const ARGON2 = { memorySize: 19_456, iterations: 2, parallelism: 1 } as const;
/** Bytes. RFC 9106, section 3.1: 16 of salt are recommended for passwords; 32 of hash give 256 bits. */
const SALT_BYTES = 16;
const HASH_BYTES = 32;

const PARAMETERS = `$argon2id$v=19$m=${ARGON2.memorySize},t=${ARGON2.iterations},p=${ARGON2.parallelism}$`;

/** What an unknown user's password is compared with: the work of a real hash, and no password fits it. */
const NOBODY = `${PARAMETERS}${phcBase64(Buffer.alloc(SALT_BYTES))}$${phcBase64(Buffer.alloc(HASH_BYTES))}`;

function phcBase64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}

/** The same password typed on two keyboards can differ in code points: NIST SP 800-63B, section 5.1.1.2, has it normalized. */
function normalize(password: string): string {
  return password.normalize('NFKC');
}

/** @returns a PHC string. */
export async function hashPassword(password: string): Promise<string> {
  return argon2id({
    password: normalize(password),
    salt: randomBytes(SALT_BYTES),
    hashLength: HASH_BYTES,
    outputType: 'encoded',
    ...ARGON2,
  });
}

/**
 * @param hash PHC string; undefined for a user who does not exist, which takes the same time and is always false.
 * @returns whether the password is the one that was hashed. An empty one never is.
 */
export async function verifyPassword(password: string, hash: string | undefined): Promise<boolean> {
  // The library refuses an empty password before it works: a space takes the time, and its answer is not used.
  const same = await argon2Verify({ password: normalize(password) || ' ', hash: hash ?? NOBODY });
  return same && hash !== undefined && password !== '';
}

/** Whether a hash was made with other parameters than today's. */
export function needsRehash(hash: string): boolean {
  return !hash.startsWith(PARAMETERS);
}

/** What hashes and verifies, as a value: so that a test can count. */
export interface Passwords {
  readonly hash: typeof hashPassword;
  readonly verify: typeof verifyPassword;
}
export const PASSWORDS: Passwords = { hash: hashPassword, verify: verifyPassword };
