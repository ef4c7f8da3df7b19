/** Lists of rooms and of members. */
import * as z from 'zod/mini';
import { batchGetEvents, type Committed, isMessage } from '../data/events.ts';
import { batchGetHeads, type Head } from '../data/heads.ts';
import { pageMembers, pageMemberships, toMember } from '../data/memberships.ts';
import { toMessage } from '../data/message-state.ts';
import { whoIsOnline } from '../data/presence.ts';
import { batchGetRooms, pagePublicRooms, type RoomRecord, sortedName, toRoom } from '../data/rooms.ts';
import { RoomId, UserId } from '../protocol/ids.ts';
import { DEFAULT_PAGE_LIMIT, type JoinedRoom, type Member, type Room } from '../protocol/rest.ts';
import type { ChatContext } from './context.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { getMembership } from './membership.ts';
import { requireMember } from './ranks.ts';
import { readRoom } from './read-room.ts';
import { refusing, strangerRefusal } from './refusals.ts';
import { isOver } from './retention.ts';
import { type Stand, type Unread, unreadOf } from './unread.ts';

/** Which part of a list: `limit` items after `cursor`. */
export interface PageRequest {
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

export interface PageOf<T> {
  readonly items: T[];
  readonly cursor?: string;
}

const AfterRoom = z.object({ room: RoomId });
const AfterPublicRoom = z.object({ room: RoomId, name: z.string().check(z.maxLength(100)) });
const AfterUser = z.object({ user: UserId });

export function pageOf<T>(items: T[], cursor: object | undefined): PageOf<T> {
  return cursor ? { items, cursor: encodeCursor(cursor) } : { items };
}

/**
 * The rooms that a user is a member of, by id, with what is new in each.
 *
 * @throws {ParleyError} `bad_request` for a foreign cursor, `unavailable`.
 */
export async function listRooms(
  ctx: ChatContext,
  request: PageRequest & { readonly user: UserId },
): Promise<PageOf<JoinedRoom>> {
  const operation = 'list rooms';
  const { user, limit = DEFAULT_PAGE_LIMIT } = request;
  const after = decodeCursor(AfterRoom, request.cursor, operation)?.room;
  const page = { limit, ...(after === undefined ? {} : { after }) };
  return refusing(operation, async () => {
    const { memberships, more } = await pageMemberships(ctx.chat, user, page);
    const rooms = memberships.map(({ room }) => room);
    const [records, heads] = await Promise.all([
      batchGetRooms(ctx.chat, rooms),
      batchGetHeads(ctx.chat, rooms),
    ]);
    const stands = memberships.flatMap((membership) => {
      const head = heads.get(membership.room);
      return head ? [{ head, membership }] : [];
    });
    const [messages, unread] = await Promise.all([
      newestMessages(ctx, [...heads.values()]),
      unreadOf(ctx, stands),
    ]);
    // P6: what was read may be newer than the memberships that were looked at.
    const still = new Set((await pageMemberships(ctx.chat, user, page)).memberships.map(({ room }) => room));
    const items = stands.flatMap(({ head, membership }) => {
      const { room } = head;
      const [record, left] = [records.get(room), unread.get(room)];
      return record && left && still.has(room)
        ? [joinedRoom(record, { head, membership }, left, messages.get(room))]
        : [];
    });
    const last = rooms.at(-1);
    return pageOf(items, more && last ? { room: last } : undefined);
  });
}

async function newestMessages(
  ctx: ChatContext,
  heads: readonly Head[],
): Promise<ReadonlyMap<RoomId, Committed>> {
  const places = heads.flatMap(({ room, message }) =>
    message === undefined ? [] : [{ room, seq: message }],
  );
  const stored = await batchGetEvents(ctx.chat, places);
  // The newest event may be committed and not stored yet; the head carries it.
  const carried = heads.filter(
    ({ room, message, seq, last }) => message === seq && !stored.has(room) && !isOver(ctx, last),
  );
  return new Map([...stored, ...carried.map((head) => [head.room, head.last] as const)]);
}

function joinedRoom(
  record: RoomRecord,
  { head, membership }: Stand,
  { unread, mentions }: Unread,
  newest: Committed | undefined,
): JoinedRoom {
  const other = head.pair?.find((one) => one !== membership.user);
  return {
    ...toRoom(record),
    role: membership.role,
    seq: head.seq,
    read: membership.read.seq,
    unread,
    mentions,
    notify: membership.notify,
    ...(newest && isMessage(newest) ? { lastMessage: toMessage(newest, membership.user) } : {}),
    ...(other === undefined ? {} : { with: other }),
  };
}

/**
 * The rooms that anyone may join, by name; a moment behind.
 *
 * @param request.prefix only names that begin so; neither case nor the form of characters matters.
 * @throws {ParleyError} `bad_request` for a foreign cursor, `unavailable`.
 */
export async function listPublicRooms(
  ctx: ChatContext,
  request: PageRequest & { readonly prefix?: string | undefined },
): Promise<PageOf<Room>> {
  const operation = 'list public rooms';
  const { prefix = '', limit = DEFAULT_PAGE_LIMIT } = request;
  const Place = AfterPublicRoom.check(
    z.refine(({ name }) => sortedName(name).startsWith(sortedName(prefix)), 'must be of the same list'),
  );
  const after = decodeCursor(Place, request.cursor, operation);
  return refusing(operation, async () => {
    const { records, more } = await pagePublicRooms(ctx.chat, {
      prefix,
      limit,
      ...(after === undefined ? {} : { after }),
    });
    const last = records.at(-1);
    return pageOf(records.map(toRoom), more && last ? { room: last.room, name: last.name } : undefined);
  });
}

/**
 * A room's members, by user id; a moment behind.
 *
 * @throws {ParleyError} `not_found` where there is no such room or it is hidden, `forbidden` for who is not a member of a
 *   public room (P6), `bad_request` for a foreign cursor, `unavailable`.
 */
export async function listMembers(
  ctx: ChatContext,
  request: PageRequest & { readonly user: UserId; readonly room: RoomId },
): Promise<PageOf<Member>> {
  const operation = 'list members';
  const { user, room, limit = DEFAULT_PAGE_LIMIT } = request;
  const after = decodeCursor(AfterUser, request.cursor, operation)?.user;
  return refusing(operation, async () => {
    await requireMember(ctx, operation, await readRoom(ctx, { user, room }, operation));
    const { memberships, more } = await pageMembers(ctx.chat, room, {
      limit,
      ...(after === undefined ? {} : { after }),
    });
    const last = memberships.at(-1);
    const users = memberships.map((membership) => membership.user);
    const online = await whoIsOnline(ctx.connections, users, ctx.now());
    if (!(await getMembership(ctx, user, room))) throw await strangerRefusal(ctx, room, operation);
    const items = memberships.map((one) => ({ ...toMember(one), online: online.has(one.user) }));
    return pageOf(items, more && last ? { user: last.user } : undefined);
  });
}
