import { ParleyError } from '../protocol/errors.ts';
import type { UserId } from '../protocol/ids.ts';

/** Who acts, as a token or a ticket proved it. */
export interface Identity {
  readonly user: UserId;
  /** The login that the token belongs to; undefined where another issuer made it, and keeps its own sessions. */
  readonly session: string | undefined;
  /** When the access token ends, epoch milliseconds. */
  readonly expiresAt: number;
}

/** One text for everything that may be wrong with a credential: which of it was, only an attacker wants to know. */
export function unauthenticated(cause?: unknown): ParleyError {
  return new ParleyError(
    'unauthenticated',
    'authenticate',
    'the credential is missing, expired or not valid',
    { cause },
  );
}
