import { createHash, randomBytes } from 'node:crypto';

/** SHA-256 of a random token, base64url. Enough at rest: what has 128 bits of entropy or more needs no slow hash. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

/** @param bytes of entropy. */
export function randomToken(bytes: number): string {
  return randomBytes(bytes).toString('base64url');
}
