/** Identifiers in the forms that API Gateway gives them. */
import { randomBytes } from 'node:crypto';

/** Random bytes drawn at once: one call into the random source a few hundred identifiers. */
const POOL_BYTES = 4096;
/** 11 bytes make 15 characters and a `=`. */
const IDENTIFIER_BYTES = 11;

/**
 * A source of identifiers like `L0SM9cOFvHcCIhw=`: base64url with its padding, 88 random bits, so that an identifier tells
 * nothing about its connection, its age or its neighbours. For connections, requests and messages alike.
 */
export function createIdentifiers(): () => string {
  let pool = randomBytes(POOL_BYTES);
  let offset = 0;
  return () => {
    if (offset + IDENTIFIER_BYTES > POOL_BYTES) {
      pool = randomBytes(POOL_BYTES);
      offset = 0;
    }
    const text = pool.toString('base64url', offset, offset + IDENTIFIER_BYTES);
    offset += IDENTIFIER_BYTES;
    return `${text}=`;
  };
}
