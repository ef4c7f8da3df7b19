/** What a committed event means for who belongs to a room, and for what the room is called. Every step is safe to repeat. */
import { putBan } from '../data/bans.ts';
import type { Committed } from '../data/events.ts';
import {
  endMembership,
  getMembershipRecord,
  type Membership,
  putMembership,
  updateMembership,
} from '../data/memberships.ts';
import { putRoom, updateRoom } from '../data/rooms.ts';
import type { EventOf, RoomEvent } from '../protocol/events.ts';
import type { Role, RoomId, UserId } from '../protocol/ids.ts';
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
      return begin(ctx, room, committed, event.user, 'owner');
    case 'member.joined':
      return begin(ctx, room, committed, event.member, 'member');
    case 'member.left':
    case 'member.removed':
      return end(ctx, room, event);
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
  user: UserId,
  role: Role,
): Promise<void> {
  const { seq, at } = event;
  const record = await putMembership(ctx.chat, {
    room,
    user,
    role,
    since: seq,
    joinedAt: at,
    read: { seq, n },
    mentions: 0,
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
    const { name, topic, kind, slowModeSeconds, seq } = event;
    await updateRoom(ctx.chat, {
      room,
      asOf: seq,
      ...(name === undefined ? {} : { name }),
      ...(topic === undefined ? {} : { topic }),
      ...(kind === undefined ? {} : { kind }),
      ...(slowModeSeconds === undefined ? {} : { slowModeSeconds }),
    });
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
