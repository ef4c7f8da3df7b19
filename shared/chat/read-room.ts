/** A room as one of its readers has to see it before it is shown anything (P6). */
import { getHead } from '../data/heads.ts';
import { getMembershipRecord, type Standing } from '../data/memberships.ts';
import type { RoomId, UserId } from '../protocol/ids.ts';
import type { ChatContext } from './context.ts';
import { missingRefusal } from './refusals.ts';
import type { HeadView } from './room-memory.ts';
import { standingOf } from './standing.ts';

/**
 * The room's head and the user's standing in it, exactly: the head is read first, as for an append.
 *
 * @throws {ParleyError} `not_found` where there is no such room, or no more.
 */
export async function readRoom(
  ctx: ChatContext,
  { user, room }: { readonly user: UserId; readonly room: RoomId },
  operation: string,
): Promise<{ readonly view: HeadView; readonly standing: Standing | undefined }> {
  const view = await getHead(ctx.chat, room);
  // Read also where there is nothing to judge by it: time must not tell (P8).
  const record = await getMembershipRecord(ctx.chat, user, room);
  if (!view || view.deleted) throw await missingRefusal(ctx, room, operation);
  return { view, standing: standingOf(user, record, view.changes) };
}
