/** Changes that are not needed, as all is already as it shall be: they are answered with the event that made it so. */
import type { Committed } from '../data/events.ts';
import { getHead } from '../data/heads.ts';
import type { EventType } from '../protocol/events.ts';
import type { ReplyData } from '../protocol/frames.ts';
import { type AppendRequest, append } from './append.ts';
import type { ChatContext } from './context.ts';
import { applyMembership, applySettings } from './membership.ts';
import { storedEvent } from './stored-event.ts';

/** Thrown by an `authorise`: ends an append that is not needed. */
export class AlreadySo extends Error {
  override readonly name = 'AlreadySo';
  /** Number of the event that made it so. */
  readonly since: number;

  constructor(since: number) {
    super('it is so already');
    this.since = since;
  }
}

/** Appends an event, unless all is so already: then the event that made it so is the answer. */
export async function appendUnlessSo(ctx: ChatContext, request: AppendRequest): Promise<Committed> {
  try {
    return await append(ctx, request);
  } catch (error) {
    if (!(error instanceof AlreadySo)) throw error;
    return storedEvent(ctx, request.room, error.since, request.operation);
  }
}

/** Appends a change of the room or its members, unless it is so already, and sees to its effects before it is acknowledged. */
export async function appendChange(ctx: ChatContext, request: AppendRequest): Promise<Committed> {
  const { room } = request;
  const committed = await appendUnlessSo(ctx, request);
  await applyEarlier(ctx, request, committed);
  // Also for a repeat: whoever committed the event may have stopped there, and what is acknowledged must hold.
  await applySettings(ctx, room, committed);
  await applyMembership(ctx, room, committed);
  return committed;
}

/**
 * Applies what was committed about the same member before and may not be applied yet: its author is about to, or died. An update of a
 * membership that is not there yet, or a tombstone of one whose mute is not, would make the older events void.
 */
async function applyEarlier(
  ctx: ChatContext,
  { room, operation }: AppendRequest,
  { event }: Committed,
): Promise<void> {
  if (!NEEDS_EARLIER.has(event.type) || !('member' in event)) return;
  const head = await getHead(ctx.chat, room);
  for (const change of head?.changes ?? []) {
    if (change.seq >= event.seq) return;
    if (change.member !== event.member) continue;
    await applyMembership(ctx, room, await storedEvent(ctx, room, change.seq, operation));
  }
}

/** Events that change an item and do not make it anew. */
const NEEDS_EARLIER: ReadonlySet<EventType> = new Set(['member.updated', 'member.left', 'member.removed']);

/** A change as it is answered. */
export function changed(room: AppendRequest['room'], { event }: Committed): ReplyData<'joinRoom'> {
  return { room, seq: event.seq, at: event.at };
}
