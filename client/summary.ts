/** What the list of rooms says of one room, as events change it: pure functions. */
import type { RoomEvent } from '../shared/protocol/events.ts';
import type { UserId } from '../shared/protocol/ids.ts';
import { changed, created, isChange } from './fold.ts';
import { has, isSeq } from './guards.ts';
import type { RoomSummary } from './types.ts';

/** An item of `GET /api/rooms`; undefined where it is something else. */
export function toSummary(item: unknown): RoomSummary | undefined {
  if (!has(item, { room: 'string', name: 'string', kind: 'string', unread: 'number' }) || !isSeq(item.seq))
    return undefined;
  return { mentions: 0, notify: 'mentions', ...(item as object) } as RoomSummary;
}

/** Whether an event takes the user out of the room. */
export function endsMembership(event: RoomEvent, me: UserId): boolean {
  if (event.type === 'room.deleted') return true;
  return (event.type === 'member.left' || event.type === 'member.removed') && event.member === me;
}

/**
 * The summary after an event.
 *
 * @param isNew whether the counts of the summary do not hold it yet.
 */
export function withEvent(summary: RoomSummary, event: RoomEvent, me: UserId, isNew: boolean): RoomSummary {
  if (event.type === 'message.created') {
    const isUnread = isNew && event.seq > summary.read;
    const isMention = isUnread && event.user !== me && (event.everyone || event.mentions?.includes(me));
    const isLast = event.seq > (summary.lastMessage?.seq ?? 0);
    return {
      ...summary,
      seq: Math.max(summary.seq, event.seq),
      unread: summary.unread + (isUnread ? 1 : 0),
      mentions: summary.mentions + (isMention ? 1 : 0),
      ...(isLast ? { lastMessage: created(event) } : {}),
    };
  }
  const next = event.seq > summary.seq ? { ...summary, seq: event.seq } : summary;
  if (isChange(event) && event.target === next.lastMessage?.seq)
    return { ...next, lastMessage: changed(next.lastMessage, event, me) };
  if (event.type === 'room.updated') {
    const { seq, type, user, at, id, ...settings } = event;
    return { ...next, ...settings } as RoomSummary;
  }
  if (event.type === 'member.updated' && event.member === me && event.role)
    return { ...next, role: event.role };
  return next;
}

/**
 * The summary after the user has read up to a number.
 *
 * @param unread messages after it, where that is known.
 */
export function readUpTo(summary: RoomSummary, seq: number, unread: number | undefined): RoomSummary {
  if (seq < summary.read) return summary;
  const isAll = seq >= (summary.lastMessage?.seq ?? summary.seq);
  const left = isAll ? 0 : (unread ?? summary.unread);
  return { ...summary, read: seq, unread: left, mentions: left === 0 ? 0 : Math.min(summary.mentions, left) };
}
