/** All that is stored about a user, for the user. */
import * as z from 'zod/mini';
import { listOfUser } from '../data/past-rooms.ts';
import { pageRoomItems } from '../data/renaming.ts';
import type { Item } from '../data/table.ts';
import { isOwn, OWN_PARTS, pageOwnItems, toRecord } from '../data/user-items.ts';
import type { ExportRecord } from '../protocol/export.ts';
import { RoomId, type UserId } from '../protocol/ids.ts';
import type { ChatContext } from './context.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import type { PageOf } from './lists.ts';
import { refusing } from './refusals.ts';

const OPERATION = 'export the account';
/** Bytes of one page's records, at most: well under the 6 MB that a function may answer. A record takes 100 KB at most. */
const PAGE_BYTES = 1_000_000;
/** Pages of stored items that are read for one page: where the user said little, most of what a room holds is others'. */
const PAGE_READS = 25;

/** Where the next page goes on: in a part that is the user's alone, or in a room, after a sort key. */
const Place = z.object({
  part: z.optional(z.enum(OWN_PARTS)),
  room: z.optional(RoomId),
  after: z.optional(z.string().check(z.maxLength(1_024))),
});
type Place = z.infer<typeof Place>;

/**
 * A page of all that is stored about a user: the account, sessions, what was tried to log in, memberships and blocks, open
 * connections, and from each room that the user is or was in its own messages and events, files, reports and bans. The whole is
 * what the pages hold together; what is stored while they are read may be in it or not.
 *
 * @param request.nameHash under which attempts to log in are kept.
 * @throws {ParleyError} `bad_request` for a foreign cursor, `unavailable`.
 */
export function exportAccount(
  ctx: ChatContext,
  request: { readonly user: UserId; readonly nameHash: string; readonly cursor?: string | undefined },
): Promise<PageOf<ExportRecord>> {
  const { user } = request;
  const first: Place = { part: OWN_PARTS[0] };
  let place: Place | undefined = decodeCursor(Place, request.cursor, OPERATION) ?? first;
  return refusing(OPERATION, async () => {
    const { rooms } = await listOfUser(ctx.chat, user);
    const order = rooms.map(({ room }) => room).sort();
    const records: ExportRecord[] = [];
    let bytes = 0;
    for (let reads = 0; place; reads++) {
      if (reads === PAGE_READS) return { items: records, cursor: encodeCursor(place) };
      const at: Place = place;
      const { items, end } = await readAt(ctx, request, at);
      for (const item of items) {
        const record = toRecord(item, at.room);
        bytes += Buffer.byteLength(JSON.stringify(record));
        // Again from the item before this one.
        if (bytes > PAGE_BYTES && records.length > 0) {
          return { items: records, cursor: encodeCursor(place) };
        }
        records.push(record);
        place = { ...at, after: item.sk };
      }
      place = end === undefined ? nextPlace(at, order) : { ...at, after: end };
    }
    return { items: records };
  });
}

async function readAt(
  ctx: ChatContext,
  { user, nameHash }: { readonly user: UserId; readonly nameHash: string },
  { part, room, after }: Place,
): Promise<{ readonly items: readonly Item[]; readonly end: string | undefined }> {
  if (room === undefined) {
    return pageOwnItems(ctx, user, { part: part ?? OWN_PARTS[0], nameHash, after });
  }
  const { items, end } = await pageRoomItems(ctx.chat, room, { since: 1, after });
  return { items: items.filter((item) => isOwn(item, user)), end };
}

/** The part after this one, then the first room, then the room after this one. */
function nextPlace({ part, room }: Place, order: readonly RoomId[]): Place | undefined {
  const next = part === undefined ? undefined : OWN_PARTS[OWN_PARTS.indexOf(part) + 1];
  if (next !== undefined) return { part: next };
  const following = order.find((one) => room === undefined || one > room);
  return following === undefined ? undefined : { room: following };
}
