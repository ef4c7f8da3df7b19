/** Who may say something in a room, and what the operator lets through: for new messages and for edits alike. */
import type { Standing } from '../data/memberships.ts';
import { ParleyError } from '../protocol/errors.ts';
import type { UserId } from '../protocol/ids.ts';
import type { ChatContext } from './context.ts';
import { otherOf, refuseBlocked } from './direct.ts';
import type { Draft } from './moderation.ts';
import type { HeadView } from './room-memory.ts';

/** @throws {ParleyError} `forbidden`. */
export function refuseMuted(ctx: ChatContext, { mutedUntil }: Standing, operation: string): void {
  if (mutedUntil !== undefined && Date.parse(mutedUntil) > ctx.now()) {
    throw new ParleyError('forbidden', operation, `you are muted until ${mutedUntil}`);
  }
}

/** @throws {ParleyError} `forbidden` in a direct room whose other member takes nothing from the user. */
export async function refuseToBlocked(
  ctx: ChatContext,
  { view, user }: { readonly view: HeadView; readonly user: UserId },
  operation: string,
): Promise<void> {
  const other = otherOf(view, user);
  if (other) await refuseBlocked(ctx, { user, other }, operation);
}

/**
 * What the operator's hook makes of a text.
 *
 * @throws {ParleyError} `forbidden` where it refuses it, `unavailable` where it does not say and the operator wants it to.
 */
export async function textAfterHook(ctx: ChatContext, draft: Draft, operation: string): Promise<string> {
  if (!ctx.moderate) return draft.text;
  const verdict = await ctx.moderate(draft);
  if (!verdict) {
    throw new ParleyError('unavailable', operation, 'the text could not be checked; send it again');
  }
  if (verdict.decision === 'refuse') throw new ParleyError('forbidden', operation, verdict.reason);
  return verdict.decision === 'change' ? verdict.text : draft.text;
}
