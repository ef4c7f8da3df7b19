/** Who is online, as it was told to those who share a room: what a client asks for, consistent with the frames that it hears. */
import { listOnlineIn } from '../data/online.ts';
import { getAudience } from '../data/subscriptions.ts';
import type { ReplyData } from '../protocol/frames.ts';
import { MAX_ONLINE_NAMES, type RoomId, type UserId } from '../protocol/ids.ts';
import type { ChatContext } from './context.ts';
import { getMembership } from './membership.ts';
import { requireMember } from './ranks.ts';
import { readRoom } from './read-room.ts';
import { refusing, strangerRefusal } from './refusals.ts';

/**
 * Those online in a room, by name, the first hundred of them, and how many there are.
 *
 * What was told is read, not who has a connection at this moment: a change that is not in the answer is still to be told, so
 * that a client that asks and listens ends with what is true. It listens since before it asked; the teller writes what is read
 * here before it reads who listens: one of the two sees the other.
 *
 * @throws {ParleyError} `not_found` where there is no such room or it is hidden, `forbidden` for who is not a member of a
 *   public room (P6), `unavailable`.
 */
export async function readPresence(
  ctx: ChatContext,
  { user, room }: { readonly user: UserId; readonly room: RoomId },
): Promise<ReplyData<'presence'>> {
  const operation = 'tell who is present';
  return refusing(operation, async () => {
    await requireMember(ctx, operation, await readRoom(ctx, { user, room }, operation));
    const { left, counted } = await getAudience(ctx.connections, room);
    const found = await listOnlineIn(
      ctx.connections,
      room,
      counted?.count ? 2 * MAX_ONLINE_NAMES : undefined,
    );
    // Who asks is there, told or not: its own coming is told to all but itself.
    const online = new Set([user]);
    for (const one of found) if ((left.get(one.user) ?? 0) <= one.since) online.add(one.user);
    // P6: what was read may be newer than the membership that was looked at. A member after the reading was one during it.
    if (!(await getMembership(ctx, user, room))) throw await strangerRefusal(ctx, room, operation);
    const names = [...online].slice(0, MAX_ONLINE_NAMES);
    return { room, online: names, count: Math.max(online.size, counted?.count ?? 0) };
  });
}
