/** Passwords as argon2id in PHC strings, so that each hash says how it was made. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import loadArgon2id, { type computeHash } from 'argon2id/lib/setup.js';
import { ARGON2_MODULE } from './argon2-module.ts';

/**
 * OWASP Password Storage Cheat Sheet (2025): argon2id with 19 MiB, two passes, one lane. Of the settings that it calls equal
 * this one fits a small Lambda's memory; about 50 ms on one core.
 */
export const ARGON2 = { memorySize: 19_456, iterations: 2, parallelism: 1 } as const;
/** Bytes. RFC 9106, section 3.1: 16 of salt are recommended for passwords; 32 of hash give 256 bits. */
const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** Bytes. The library takes no shorter password, and the protocol has none. */
const LEAST_BYTES = 8;

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

let argon2id: Promise<computeHash> | undefined;

/**
 * The one instance of the process: its memory is used again. A new one for each hash costs more than the hash itself where several
 * threads of a process do so at once, as the local engine's do.
 */
function instance(): Promise<computeHash> {
  // The library asks for a module with SIMD and for one without; each Node.js that runs this has it.
  const instantiate = (imports: WebAssembly.Imports) => WebAssembly.instantiate(ARGON2_MODULE, imports);
  argon2id ??= loadArgon2id(instantiate, instantiate);
  return argon2id;
}

/**
 * @param password whose normalized form has at least eight bytes.
 * @returns a PHC string.
 */
export async function hashPassword(password: string): Promise<string> {
  const compute = await instance();
  const salt = randomBytes(SALT_BYTES);
  const hash = compute({
    password: Buffer.from(normalize(password)),
    salt,
    tagLength: HASH_BYTES,
    memorySize: ARGON2.memorySize,
    passes: ARGON2.iterations,
    parallelism: ARGON2.parallelism,
  });
  return `${PARAMETERS}${phcBase64(salt)}$${phcBase64(Buffer.from(hash))}`;
}

/**
 * @param hash PHC string of argon2id, version 19; undefined for a user who does not exist, which takes the same time and is always false.
 * @returns whether the password is the one that was hashed. One that is too short to be anybody's never is, after the same time.
 * @throws Error for a hash that is no such string
 */
export async function verifyPassword(password: string, hash: string | undefined): Promise<boolean> {
  const compute = await instance();
  const { salt, tag, ...parameters } = parsePhc(hash ?? NOBODY);
  const given = Buffer.from(normalize(password));
  const isPossible = given.length >= LEAST_BYTES;
  const computed = compute({
    password: isPossible ? given : Buffer.alloc(LEAST_BYTES),
    salt,
    tagLength: tag.length,
    ...parameters,
  });
  return timingSafeEqual(computed, tag) && hash !== undefined && isPossible;
}

const PHC =
  /^\$argon2id\$v=19\$m=(?<m>\d+),t=(?<t>\d+),p=(?<p>\d+)\$(?<salt>[A-Za-z0-9+/]+)\$(?<tag>[A-Za-z0-9+/]+)$/;

/** https://github.com/P-H-C/phc-string-format, as the reference implementation of argon2 writes it. */
function parsePhc(hash: string) {
  const { m, t, p, salt, tag } = PHC.exec(hash)?.groups ?? {};
  if (salt === undefined || tag === undefined) {
    throw new Error('unable to verify a password; the stored hash is no PHC string of argon2id, version 19');
  }
  return {
    memorySize: Number(m),
    passes: Number(t),
    parallelism: Number(p),
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  };
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
