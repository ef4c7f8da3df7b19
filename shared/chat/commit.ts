/** What a commit holds the head to, so that what its author was judged by is still so. */
import type { EventBody } from '../data/events.ts';
import { type Commit, type CommitResult, commitEvent } from '../data/head-writes.ts';
import { type AppendKey, changeOf, ownersAfter } from '../data/heads.ts';
import type { UserId } from '../protocol/ids.ts';
import type { ChatContext } from './context.ts';
import { expires, keptUntil, retentionOf } from './retention.ts';
import type { HeadView } from './room-memory.ts';

/** What an author was judged by. */
interface Seen {
  readonly view: HeadView;
  /** Whether the standing was read after `view`, not remembered from an earlier one under the same guard. */
  readonly fresh: boolean;
  /** Whether the view is remembered, so that the head may have moved on since. */
  readonly remembered: boolean;
}

/** Commits an event by what was seen before: one write of the room's head. */
export function commit(
  ctx: ChatContext,
  request: Pick<Commit, 'room' | 'user' | 'id' | 'body' | 'limit'> & {
    /** Epoch milliseconds. */
    readonly at: number;
    /** Of an edit: until when its message is kept, epoch seconds. */
    readonly textUntil?: number | undefined;
  },
  key: AppendKey,
  look: Seen,
): Promise<CommitResult> {
  const { body, user } = request;
  const { view, fresh, remembered } = look;
  const change = changeOf(body, user, key);
  const ownersMove = change !== undefined && ownersAfter(view.owners, change).length !== view.owners.length;
  return commitEvent(ctx.chat, {
    ...request,
    key,
    at: new Date(request.at).toISOString(),
    change,
    kept: keptOf(ctx, view, request),
    seen: view,
    hold: holdOf(body, user, { ownersMove, fresh, remembered }),
  });
}

/** How long an event is kept. The guard, which every change of the settings raises, holds the commit to the retention that was seen. */
function keptOf(
  ctx: ChatContext,
  view: HeadView,
  {
    body,
    at,
    textUntil,
  }: { readonly body: EventBody; readonly at: number; readonly textUntil?: number | undefined },
): NonNullable<Commit['kept']> {
  const days = expires(body.type) ? retentionOf(ctx, view) : undefined;
  return {
    ...(days === undefined ? {} : { expiresAt: keptUntil(at, days) }),
    ...(textUntil === undefined ? {} : { textUntil }),
  };
}

/** What the commit has to hold the head to, so that what the author was judged by is still so. */
function holdOf(
  body: EventBody,
  user: UserId,
  { ownersMove, fresh, remembered }: { ownersMove: boolean; fresh: boolean; remembered: boolean },
): Commit['hold'] {
  if (!isMove(body)) return { guard: true, settledOnce: remembered };
  // An invitation rests on the inviter's rights, and on the invited being outside: a join does not raise the guard.
  if (body.member !== user) return { guard: true, moves: body.member, settledOnce: false };
  return fresh
    ? { guard: ownersMove, moves: body.member, settledOnce: false }
    : { guard: true, settledOnce: remembered };
}

/** Who joins or leaves is judged by its own standing and the room alone: others may come and go meanwhile. */
export function isMove(
  body: EventBody,
): body is Extract<EventBody, { type: 'member.joined' | 'member.left' }> {
  return body.type === 'member.joined' || body.type === 'member.left';
}
