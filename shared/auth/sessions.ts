/** Sessions: one login on one device, carried on by refresh tokens of which each is used once. */
import { createHmac } from 'node:crypto';
import * as z from 'zod/mini';
import type { ChatContext } from '../chat/context.ts';
import { deleteSession, listSessions, putSession, rotateSession } from '../data/sessions.ts';
import { UserId } from '../protocol/ids.ts';
import { hashToken, randomToken } from './hash.ts';
import { unauthenticated } from './identity.ts';

/** Days that a session lasts without being used. */
export const SESSION_DAYS = 30;
/** Milliseconds in which a refresh token may be used again: the answer was lost, or two tabs asked at once. */
export const REFRESH_GRACE_MS = 10_000;
/** 256 bits. */
const SECRET_BYTES = 32;

type SessionContext = Pick<ChatContext, 'chat' | 'now' | 'newId'>;

export interface Session {
  readonly user: UserId;
  readonly session: string;
}

export interface OpenSession extends Session {
  readonly refreshToken: string;
}

/** Opens a session for a user who has proved who they are. */
export async function openSession(ctx: SessionContext, user: UserId): Promise<OpenSession> {
  const session = ctx.newId();
  const secret = randomToken(SECRET_BYTES);
  await putSession(ctx.chat, user, session, {
    refreshHash: hashToken(secret),
    rotatedAt: ctx.now(),
    expiresAt: sessionEnd(ctx.now()),
  });
  return { user, session, refreshToken: formatToken({ user, session, secret }) };
}

/**
 * Gives the next refresh token for one that is valid. The next one is derived from the one presented and a stored salt, so
 * that asking again within the grace gives the same token, and nobody who reads the table can make it.
 *
 * @param ended hears of a session that had to end, before the refusal: its sockets have to go, too.
 * @throws {ParleyError} `unauthenticated` for a token that is unknown, expired or was used before; the session of a token that
 *   was used before has then ended, as one of the two users of it is a thief.
 */
export async function refreshSession(
  ctx: SessionContext,
  refreshToken: string,
  ended: (session: Session) => Promise<void> = async () => {},
): Promise<OpenSession> {
  const presented = parseToken(refreshToken);
  if (!presented) throw unauthenticated();
  const { user, session } = presented;
  const presentedHash = hashToken(presented.secret);
  const salt = randomToken(SECRET_BYTES);
  const secret = derive(presented.secret, salt);
  const rotation = await rotateSession(ctx.chat, user, session, presentedHash, {
    refreshHash: hashToken(secret),
    previousHash: presentedHash,
    salt,
    rotatedAt: ctx.now(),
    expiresAt: sessionEnd(ctx.now()),
  });
  if (rotation.done) return { user, session, refreshToken: formatToken({ user, session, secret }) };

  const stored = rotation.session;
  if (!stored || stored.expiresAt * 1_000 <= ctx.now()) throw unauthenticated();
  const repeated = stored.previousHash === presentedHash && ctx.now() - stored.rotatedAt <= REFRESH_GRACE_MS;
  if (repeated && stored.salt !== undefined) {
    const same = derive(presented.secret, stored.salt);
    return { user, session, refreshToken: formatToken({ user, session, secret: same }) };
  }
  await endSession(ctx, presented);
  await ended({ user, session });
  throw unauthenticated();
}

/** Ends a session: its refresh token is good for nothing any more. */
export function endSession(ctx: Pick<ChatContext, 'chat'>, { user, session }: Session): Promise<void> {
  return deleteSession(ctx.chat, user, session);
}

/**
 * Ends a user's sessions, all that are there now. One that is being opened meanwhile looks again after it was stored (`login`).
 *
 * @param except a session that goes on.
 */
export async function endSessions(
  ctx: Pick<ChatContext, 'chat'>,
  user: UserId,
  except?: string,
): Promise<void> {
  const sessions = await listSessions(ctx.chat, user);
  await Promise.all(
    sessions
      .filter(({ session }) => session !== except)
      .map(({ session }) => endSession(ctx, { user, session })),
  );
}

/** Epoch seconds. */
function sessionEnd(now: number): number {
  return Math.ceil(now / 1_000) + SESSION_DAYS * 86_400;
}

function derive(secret: string, salt: string): string {
  return createHmac('sha256', secret).update(salt).digest('base64url');
}

/** A refresh token's parts. User and session only say which item holds the hash; the secret is what proves. */
interface RefreshToken {
  readonly user: UserId;
  readonly session: string;
  readonly secret: string;
}

function formatToken({ user, session, secret }: RefreshToken): string {
  return [Buffer.from(user).toString('base64url'), session, secret].join('.');
}

const Parts = z.tuple([
  z.string().check(z.regex(/^[A-Za-z0-9_-]+$/)),
  z.string().check(z.regex(/^[A-Za-z0-9-]{1,64}$/)),
  z.string().check(z.regex(/^[A-Za-z0-9_-]{43}$/)),
]);

function parseToken(token: string): RefreshToken | undefined {
  const parts = Parts.safeParse(token.split('.'));
  if (!parts.success) return undefined;
  const [encoded, session, secret] = parts.data;
  const user = UserId.safeParse(Buffer.from(encoded, 'base64url').toString());
  return user.success ? { user: user.data, session, secret } : undefined;
}
