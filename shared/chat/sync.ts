/** Catching up after a pause (P5): where each room of a user stands, and what happened since the numbers that the client holds. */
import { batchGetHeads, type Head } from '../data/heads.ts';
import { listMemberships, type Membership } from '../data/memberships.ts';
import type { ReplyData, SyncedRoom } from '../protocol/frames.ts';
import { MAX_SYNC_BYTES, type RoomId, type UserId } from '../protocol/ids.ts';
import type { ChatContext } from './context.ts';
import { refusing } from './refusals.ts';
import { shareEvents } from './share-events.ts';
import { standingOf } from './standing.ts';
import { type Unread, unreadOf } from './unread.ts';

/**
 * Bytes of the reply's frame around its `data`: 52 and the command's id, whose 64 characters may take two bytes each in JSON.
 */
const ENVELOPE_BYTES = 200;
const RESET_BYTES = ',"reset":true'.length;

export interface SyncRequest {
  readonly user: UserId;
  /** The last number seen, by room. */
  readonly rooms?: Readonly<Record<RoomId, number>> | undefined;
}

/**
 * Answers for every room of the user, and for the named ones with the events after that number, oldest first, as many as fit in a
 * reply of 96 KiB, shared fairly. A room that is named and that the user is not (or no longer) a member of is left out, like one that
 * does not exist. Where a user has so many rooms that they alone fill the reply, about 800, the named ones come first.
 *
 * @throws {ParleyError} `unavailable`.
 */
export async function sync(ctx: ChatContext, request: SyncRequest): Promise<ReplyData<'sync'>> {
  return refusing('sync', async () => {
    const seen = new Map(Object.entries(request.rooms ?? {}));
    const memberships = await listMemberships(ctx.chat, request.user);
    const heads = await batchGetHeads(
      ctx.chat,
      memberships.map(({ room }) => room),
    );
    const members = memberships.flatMap((membership) => {
      const head = heads.get(membership.room);
      return head && isMemberStill(membership, head) ? [{ membership, head }] : [];
    });
    const unread = await unreadOf(ctx, members);
    const all = members.flatMap(({ membership, head }) => {
      const left = unread.get(head.room);
      return left ? [standOf({ membership, head, unread: left }, seen.get(head.room))] : [];
    });
    const { rooms, bytes } = fitting(all);
    const events = await shareEvents(
      ctx,
      rooms.flatMap(({ head, after }) => (after === undefined ? [] : [{ head, after }])),
      MAX_SYNC_BYTES - ENVELOPE_BYTES - bytes,
    );
    // P6: what was read may be newer than the memberships that were looked at. A member after the reading was one during it.
    const still = new Set((await listMemberships(ctx.chat, request.user)).map(({ room }) => room));
    return {
      rooms: rooms
        .filter(({ head }) => still.has(head.room))
        .map(({ head, base }) => ({ ...base, ...events.get(head.room) })),
    };
  });
}

/** Whether no withdrawal is committed that has yet to reach the membership's item (P6). */
function isMemberStill(membership: Membership, head: Head): boolean {
  const record = { state: 'active', asOf: membership.asOf, membership } as const;
  return standingOf(membership.user, record, head.changes) !== undefined;
}

interface Stand {
  readonly head: Head;
  /** The number after which events are wanted; undefined where there are none to give. */
  readonly after: number | undefined;
  readonly named: boolean;
  /** The answer without any events. */
  readonly base: SyncedRoom;
}

function standOf(
  { membership, head, unread }: { membership: Membership; head: Head; unread: Unread },
  seen: number | undefined,
): Stand {
  const ahead = seen !== undefined && seen > head.seq;
  const behind = seen !== undefined && seen < head.seq;
  return {
    head,
    after: behind ? seen : undefined,
    named: seen !== undefined,
    base: {
      room: head.room,
      seq: head.seq,
      read: membership.read.seq,
      ...unread,
      events: [],
      more: behind,
      ...(ahead ? { reset: true } : {}),
    },
  };
}

/** As many rooms as fit without events, the named ones first, and the bytes of the reply's `data` with them. */
function fitting(all: readonly Stand[]): { rooms: readonly Stand[]; bytes: number } {
  const most = MAX_SYNC_BYTES - ENVELOPE_BYTES;
  const rooms: Stand[] = [];
  let bytes = Buffer.byteLength(JSON.stringify({ rooms: [] }));
  for (const stand of [...all].sort((a, b) => Number(b.named) - Number(a.named))) {
    // With the comma that parts it from the one before. `more` may become false, one byte longer than true, and `reset` be added.
    const size = Buffer.byteLength(JSON.stringify(stand.base)) + 2 + RESET_BYTES;
    if (bytes + size > most) break;
    bytes += size;
    rooms.push(stand);
  }
  return { rooms, bytes };
}
