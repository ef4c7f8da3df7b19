/** Finding messages by their words, in one room or in all that a user is a member of. docs/protocol.md, "Search". */
import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { batchGetHeads, getHead, type Head } from '../data/heads.ts';
import { getMembershipRecords, listMemberships, type MembershipRecord } from '../data/memberships.ts';
import { toMessage } from '../data/message-state.ts';
import { ParleyError } from '../protocol/errors.ts';
import { type RoomId, SeenSeq, Time, type UserId } from '../protocol/ids.ts';
import { DEFAULT_PAGE_LIMIT, type FoundMessage } from '../protocol/rest.ts';
import type { ChatContext } from './context.ts';
import { decodeCursor } from './cursor.ts';
import { type PageOf, type PageRequest, pageOf } from './lists.ts';
import { refusing, strangerRefusal } from './refusals.ts';
import { type Place, readPage } from './search-page.ts';
import { readTerms } from './search-terms.ts';
import { mayShow, standingOf } from './standing.ts';

/** Rooms of a user that a search without a room looks at: those where something happened last. */
const MAX_ROOMS = 200;
/** Characters of a room's name in a cursor, of 64: among 200 rooms two have the same once in 10^10. */
const NAME_CHARACTERS = 8;

export interface SearchRequest extends PageRequest {
  /** Who searches. */
  readonly user: UserId;
  readonly q: string;
  readonly room?: RoomId | undefined;
  /** Only messages of this user. */
  readonly from?: UserId | undefined;
  /** Only messages with a smaller number; with `room` alone. */
  readonly before?: number | undefined;
}

/** Where each room of the page before stopped, and the time of its last hit. */
const AfterHits = z.object({
  at: z.optional(Time),
  rooms: z.record(z.string().check(z.maxLength(NAME_CHARACTERS)), SeenSeq),
});

/** A room, and what its member's item said before it was read. */
interface Scope {
  readonly heads: readonly Head[];
  readonly records: ReadonlyMap<RoomId, MembershipRecord>;
}

/**
 * Messages that hold all the words, the newest first. Neither case nor accents matter; the last word matches as a prefix. A page may be
 * short, or empty, and still have a cursor: what one page reads is bounded.
 *
 * @throws {ParleyError} `forbidden` where search is off; `bad_request` for a query that can't be looked up, for `before` without `room`
 *   and for a foreign cursor; of a room what `readHistory` throws; `unavailable`.
 */
export async function search(ctx: ChatContext, request: SearchRequest): Promise<PageOf<FoundMessage>> {
  const operation = 'search';
  const { user, q, room, from, before, limit = DEFAULT_PAGE_LIMIT } = request;
  const table = ctx.search;
  if (!table) throw new ParleyError('forbidden', operation, 'this service is set up without search');
  if (before !== undefined && room === undefined) {
    const issues = [{ path: 'before', reason: 'needs a room: numbers are the room’s own' }];
    throw new ParleyError('bad_request', operation, 'before needs a room', { issues });
  }
  const terms = readTerms(q, operation);
  const after = decodeCursor(AfterHits, request.cursor, operation);
  return refusing(operation, async () => {
    const scope = room === undefined ? await allRooms(ctx, user) : await oneRoom(ctx, user, room, operation);
    const places = scope.heads.map((head): Place => {
      const stopped = after?.rooms[shortName(head.room)] ?? before;
      return { head, before: before === undefined ? stopped : Math.min(before, stopped ?? before) };
    });
    const { found, positions } = await readPage(
      { ...ctx, search: table },
      places.filter((place) => place.before === undefined || place.before > 1),
      { terms, from, limit, notAfter: after?.at },
    );
    const shown = await stillShown(
      ctx,
      user,
      scope,
      room === undefined ? found.map((hit) => hit.room) : [room],
    );
    if (room !== undefined && !shown.has(room)) throw await strangerRefusal(ctx, room, operation);
    const items = found
      .filter((hit) => shown.has(hit.room))
      .map(({ message, matches, room: its }) => ({
        ...toMessage(message, user),
        room: its,
        matches: [...matches],
      }));
    const at = found.at(-1)?.message.event.at ?? after?.at;
    return pageOf(items, positions && { ...(at ? { at } : {}), rooms: namedShort(positions) });
  });
}

async function oneRoom(ctx: ChatContext, user: UserId, room: RoomId, operation: string): Promise<Scope> {
  const head = await getHead(ctx.chat, room);
  // After the head, as for history.
  const records = await getMembershipRecords(ctx.chat, user, [room]);
  const standing = standingOf(user, records.get(room), head?.changes ?? []);
  if (!head || head.deleted || !standing) throw await strangerRefusal(ctx, room, operation);
  return { heads: [head], records };
}

async function allRooms(ctx: ChatContext, user: UserId): Promise<Scope> {
  const rooms = (await listMemberships(ctx.chat, user)).map(({ room }) => room);
  const heads = await batchGetHeads(ctx.chat, rooms);
  const records = await getMembershipRecords(ctx.chat, user, rooms);
  const mine = [...heads.values()]
    .filter(({ room, changes }) => standingOf(user, records.get(room), changes))
    .sort((a, b) => Date.parse(b.last.event.at) - Date.parse(a.last.event.at));
  return { heads: mine.slice(0, MAX_ROOMS), records };
}

/** P6: what was read may be newer than the membership that was looked at. @returns the rooms among these that may be shown. */
async function stillShown(
  ctx: ChatContext,
  user: UserId,
  { records }: Scope,
  rooms: readonly RoomId[],
): Promise<ReadonlySet<RoomId>> {
  const different = [...new Set(rooms)];
  const after = await getMembershipRecords(ctx.chat, user, different);
  return new Set(different.filter((room) => mayShow(records.get(room), after.get(room))));
}

/** Cursors name rooms by a hash: two hundred ids of rooms would make an address too long. */
function shortName(room: RoomId): string {
  return createHash('sha256').update(room).digest('base64url').slice(0, NAME_CHARACTERS);
}

function namedShort(positions: ReadonlyMap<RoomId, number>): Record<string, number> {
  return Object.fromEntries(
    [...positions].flatMap(([room, before]) =>
      Number.isFinite(before) ? [[shortName(room), before] as const] : [],
    ),
  );
}
