/** Direct rooms: one for each two people, with both in it and without roles. */
import { createHash } from 'node:crypto';
import { getAccount } from '../data/accounts.ts';
import { hasBlocked } from '../data/blocks.ts';
import type { Pair } from '../data/heads.ts';
import { getRoomRecord, toRoom } from '../data/rooms.ts';
import { ParleyError } from '../protocol/errors.ts';
import { RoomId, type UserId } from '../protocol/ids.ts';
import { DIRECT_ROOM_PREFIX, type Room } from '../protocol/rest.ts';
import { AlreadySo, appendChange } from './already-so.ts';
import type { ChatContext } from './context.ts';
import { lookAt, noSuchUser } from './ranks.ts';
import { refusing } from './refusals.ts';
import type { HeadView } from './room-memory.ts';
import { openRoom } from './rooms.ts';

/** Hexadecimal digits of a direct room's hash: 128 bits, so that nobody finds two pairs with one room. */
const HASH_CHARACTERS = 32;

/** The two of a direct room in the order that both sides find. */
export function pairOf(one: UserId, other: UserId): Pair {
  return one < other ? [one, other] : [other, one];
}

/** A direct room's id: the same whoever of the two opens it. User ids hold no line feed. */
export function directRoomId(pair: Pair): RoomId {
  const hash = createHash('sha256').update(pair.join('\n')).digest('hex').slice(0, HASH_CHARACTERS);
  return RoomId.parse(`${DIRECT_ROOM_PREFIX}${hash}`);
}

/** The other one of a direct room; undefined in all other rooms. */
export function otherOf({ pair }: Pick<HeadView, 'pair'>, user: UserId): UserId | undefined {
  return pair?.find((one) => one !== user);
}

/**
 * Opens the direct room of two users, or finds it. Two events make it: `room.created` by who opens it first, and `member.joined` for
 * the other. Who dies in between is completed by the next call of either.
 *
 * @returns the room, and whether this call made it.
 * @throws {ParleyError} `bad_request` for oneself, `not_found` where there is no such user, `forbidden` where that user has blocked
 *   the caller, `unavailable`.
 */
export function openDirect(
  ctx: ChatContext,
  { user, other }: { readonly user: UserId; readonly other: UserId },
): Promise<{ readonly room: Room; readonly isNew: boolean }> {
  const operation = 'open the direct room';
  return refusing(operation, async () => {
    if (user === other) {
      const reason = 'must be someone else';
      throw new ParleyError('bad_request', operation, `user ${reason}`, {
        issues: [{ path: 'user', reason }],
      });
    }
    if (!(await getAccount(ctx.chat, other))) throw noSuchUser(operation);
    await refuseBlocked(ctx, { user, other }, operation);
    const pair = pairOf(user, other);
    const room = directRoomId(pair);
    const made = await openRoom(ctx, room, { user, name: room, kind: 'direct', pair });
    for (const member of made ? [other] : [user, other])
      await ensureMember(ctx, { room, user, member }, operation);
    const found = made ?? (await getRoomRecord(ctx.chat, room).then((record) => record && toRoom(record)));
    if (!found) throw new ParleyError('unavailable', operation, 'the room is being made; try again');
    return { room: found, isNew: made !== undefined };
  });
}

/** Whoever of the two knows the other's name may complete the room: its id is made of just these two. */
async function ensureMember(
  ctx: ChatContext,
  { room, user, member }: { readonly room: RoomId; readonly user: UserId; readonly member: UserId },
  operation: string,
): Promise<void> {
  await appendChange(ctx, {
    room,
    user,
    operation,
    body: { type: 'member.joined', member },
    async authorise(_, view) {
      const { standing } = await lookAt(ctx, view, member);
      if (standing) throw new AlreadySo(standing.since);
    },
  });
}

/** @throws {ParleyError} `forbidden` where `other` takes nothing from `user`. */
export async function refuseBlocked(
  ctx: ChatContext,
  { user, other }: { readonly user: UserId; readonly other: UserId },
  operation: string,
): Promise<void> {
  if (await hasBlocked(ctx.chat, other, user)) {
    throw new ParleyError('forbidden', operation, 'this user takes no messages from you');
  }
}
