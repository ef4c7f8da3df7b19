/** All that a room's log holds, for who runs the room. */
import * as z from 'zod/mini';
import { getHead } from '../data/heads.ts';
import { ParleyError } from '../protocol/errors.ts';
import type { RoomExport } from '../protocol/export.ts';
import { type RoomId, SeenSeq, type UserId } from '../protocol/ids.ts';
import type { ChatContext } from './context.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { getMembership } from './membership.ts';
import { requireMember, requireRole } from './ranks.ts';
import { readForward } from './read-log.ts';
import { readRoom } from './read-room.ts';
import { noSuchRoom, refusing, strangerRefusal } from './refusals.ts';
import { shown } from './retention.ts';

/** Bytes of one page's events, about: with the last ones that are read well under the 6 MB that a function may answer. */
const PAGE_BYTES = 1_000_000;
/** Events read at once; each takes 35 KB at most. */
const READ = 100;

/** Where the next page goes on, and where the export ends: at what the log held when it began. */
const Place = z.object({ after: SeenSeq, to: SeenSeq });

/**
 * A page of a room's events, ascending, as `sync` shows them; those whose time is over are left out. The pages together are the log as it
 * was when the first was asked for.
 *
 * @throws {ParleyError} `not_found` where there is no such room or it is hidden; `forbidden` for who is not an admin (in a direct room
 *   both may); `bad_request` for a foreign cursor; `unavailable`.
 */
export function exportRoom(
  ctx: ChatContext,
  request: { readonly user: UserId; readonly room: RoomId; readonly cursor?: string | undefined },
): Promise<RoomExport> {
  const operation = 'export the room';
  const { user, room } = request;
  return refusing(operation, async () => {
    const place = decodeCursor(Place, request.cursor, operation);
    const { view, standing } = await readRoom(ctx, request, operation);
    await (view.kind === 'direct'
      ? requireMember(ctx, operation, { standing, view })
      : requireRole(ctx, operation, { standing, view, least: 'admin' }));
    const head = await getHead(ctx.chat, room);
    if (!head) throw noSuchRoom(operation);
    const to = Math.min(place?.to ?? head.seq, head.seq);
    let after = place?.after ?? 0;
    const items: RoomExport['items'] = [];
    for (let bytes = 0; after < to && bytes < PAGE_BYTES; ) {
      const { events, reached } = await readForward(ctx, head, after, { to, limit: READ });
      if (reached === after) {
        if (items.length > 0) break;
        throw new ParleyError('unavailable', operation, 'an event is not stored yet; ask again');
      }
      after = reached;
      items.push(...events.map((committed) => shown(ctx, committed)));
      bytes += Buffer.byteLength(JSON.stringify(events.map(({ event }) => event)));
    }
    // P6: as for history.
    if (!(await getMembership(ctx, user, room))) throw await strangerRefusal(ctx, room, operation);
    return { items, seq: to, ...(after < to ? { cursor: encodeCursor({ after, to }) } : {}) };
  });
}
