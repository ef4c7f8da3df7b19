/** What a member wants to be notified of. */
import { putWish } from '../data/notifications.ts';
import { ParleyError } from '../protocol/errors.ts';
import type { Notify, RoomId, UserId } from '../protocol/ids.ts';
import type { Preferences } from '../protocol/rest.ts';
import type { ChatContext } from './context.ts';
import { requireMember } from './ranks.ts';
import { readRoom } from './read-room.ts';
import { refusing } from './refusals.ts';

/**
 * Sets the preferences of a member for one room; who leaves and comes back begins anew.
 *
 * @throws {ParleyError} `not_found` where there is no such room or it is hidden, `forbidden` for who is not a member of a
 *   public room (P6), `unavailable`.
 */
export function setPreferences(
  ctx: ChatContext,
  { user, room, notify }: { readonly user: UserId; readonly room: RoomId; readonly notify: Notify },
): Promise<Preferences> {
  const operation = 'set the preferences';
  return refusing(operation, async () => {
    await requireMember(ctx, operation, await readRoom(ctx, { user, room }, operation));
    const isMember = await putWish(ctx.chat, { user, room, notify, token: ctx.newId() });
    // The log has made the user a member already; the item comes a moment later.
    if (!isMember) throw new ParleyError('unavailable', operation, 'you are joining just now; send it again');
    return { room, notify };
  });
}
