/** What a committed event means for who belongs to a room, and for what the room is called. Every step is safe to repeat. */
import { liftBan, putBan } from '../data/bans.ts';
import type { Committed } from '../data/events.ts';
import {
  endMembership,
  getMembershipRecord,
  type Membership,
  pageMembers,
  putMembership,
  updateMembership,
} from '../data/memberships.ts';
import { endRoom, putRoom, updateRoom } from '../data/rooms.ts';
import type { EventOf, RoomEvent } from '../protocol/events.ts';
import type { RoomId, UserId } from '../protocol/ids.ts';
import type { ChatContext } from './context.ts';
import { subscribeUser, unsubscribeUser } from './subscriptions.ts';

/** Events that change who belongs to the room, what a member may do, or the room's settings. */
export function changesRights(event: RoomEvent): boolean {
  return event.type.startsWith('member.') || event.type.startsWith('room.');
}

/**
 * Brings memberships and open connections in line with an event; does nothing for events that don't touch them. It is called by the
 * handler before it acknowledges, by the settler, and by the fan-out before it delivers: whichever comes first does it, the others
 * find it done. So a joiner hears every event from its own `member.joined` on (P4) and a removed member none beyond its
 * removal (P6), whatever crashed.
 */
export async function applyMembership(ctx: ChatContext, room: RoomId, committed: Committed): Promise<void> {
  const { event } = committed;
  switch (event.type) {
    case 'room.created':
      return begin(ctx, room, committed, {
        user: event.user,
        role: event.kind === 'direct' ? 'member' : 'owner',
      });
    case 'member.joined': {
      const { member: user, role = 'member', mutedUntil } = event;
      // Who is invited is banned no more.
      if (event.user !== user) await liftBan(ctx.chat, { room, user, asOf: event.seq }, ctx.now());
      return begin(ctx, room, committed, { user, role, ...(mutedUntil === undefined ? {} : { mutedUntil }) });
    }
    case 'member.left':
    case 'member.removed':
      return end(ctx, room, event);
    case 'member.unbanned':
      return liftBan(ctx.chat, { room, user: event.member, asOf: event.seq }, ctx.now());
    case 'member.updated':
      return updateMembership(ctx.chat, {
        room,
        user: event.member,
        asOf: event.seq,
        role: event.role,
        mutedUntil: event.mutedUntil,
      });
    default:
      return;
  }
}

async function begin(
  ctx: ChatContext,
  room: RoomId,
  { event, n }: Committed,
  member: Pick<Membership, 'user' | 'role' | 'mutedUntil'>,
): Promise<void> {
  const { seq, at } = event;
  const { user } = member;
  const record = await putMembership(ctx.chat, {
    room,
    ...member,
    since: seq,
    joinedAt: at,
    read: { seq, n },
    asOf: seq,
  });
  // Also when it was stored before: whoever stored it may have stopped there.
  if (record.state !== 'active' || record.membership.since !== seq) return;
  await subscribeUser(ctx, { user, room, since: seq });
}

async function end(
  ctx: ChatContext,
  room: RoomId,
  event: EventOf<'member.left' | 'member.removed'>,
): Promise<void> {
  const { member: user, seq: asOf } = event;
  if (event.type === 'member.removed' && event.banned) {
    await putBan(ctx.chat, { room, user, by: event.user, at: event.at, asOf });
  }
  await endMembership(ctx.chat, { room, user, asOf }, ctx.now());
  await unsubscribeUser(ctx, { user, room, asOf });
}

/** Members of a deleted room that are dismissed at once. */
const DISMISSED_AT_ONCE = 25;

/**
 * Ends all memberships of a deleted room. Nobody waits for it: whoever reads or writes looks at the head, which says that the room
 * is deleted, so a member that the index shows too late only leaves an item behind. The subscriptions stay, so that every connection
 * still hears the last event; after it there is nothing to hear.
 */
export async function dismissMembers(ctx: ChatContext, room: RoomId, asOf: number): Promise<void> {
  let after: UserId | undefined;
  for (let more = true; more; ) {
    const page = await pageMembers(ctx.chat, room, {
      limit: DISMISSED_AT_ONCE,
      ...(after === undefined ? {} : { after }),
    });
    await Promise.all(
      page.memberships.map(({ user }) => endMembership(ctx.chat, { user, room, asOf }, ctx.now())),
    );
    after = page.memberships.at(-1)?.user ?? after;
    more = page.more;
  }
}

/** Brings the room's item in line with an event about its settings. */
export async function applySettings(ctx: ChatContext, room: RoomId, { event }: Committed): Promise<void> {
  if (event.type === 'room.created') {
    const { name = room, topic, kind = 'private', slowModeSeconds = 0, at, seq } = event;
    await putRoom(ctx.chat, {
      room,
      name,
      kind,
      ...(topic === undefined ? {} : { topic }),
      slowModeSeconds,
      createdAt: at,
      asOf: seq,
    });
  } else if (event.type === 'room.updated') {
    const { name, topic, kind, slowModeSeconds, retentionDays, seq } = event;
    await updateRoom(ctx.chat, {
      room,
      asOf: seq,
      ...(name === undefined ? {} : { name }),
      ...(topic === undefined ? {} : { topic }),
      ...(kind === undefined ? {} : { kind }),
      ...(slowModeSeconds === undefined ? {} : { slowModeSeconds }),
      ...(retentionDays === undefined ? {} : { retentionDays }),
    });
  } else if (event.type === 'room.deleted') {
    await endRoom(ctx.chat, { room, asOf: event.seq });
  }
}

/** A user's membership of a room as it is now, strongly consistent. */
export async function getMembership(
  ctx: Pick<ChatContext, 'chat'>,
  user: UserId,
  room: RoomId,
): Promise<Membership | undefined> {
  const record = await getMembershipRecord(ctx.chat, user, room);
  return record?.state === 'active' ? record.membership : undefined;
}
