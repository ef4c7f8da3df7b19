/** Opening rooms, entering and leaving them. */
import { getBan } from '../data/bans.ts';
import { getClaim } from '../data/claims.ts';
import { putEvent } from '../data/events.ts';
import { commitFirst } from '../data/head-writes.ts';
import { appendKey, firstHeadItem, type Pair, pendingSeq, toHead } from '../data/heads.ts';
import { getRoomRecord, toRoom } from '../data/rooms.ts';
import { ParleyError } from '../protocol/errors.ts';
import type { ReplyData } from '../protocol/frames.ts';
import type { ClientId, RoomId, RoomKind, UserId } from '../protocol/ids.ts';
import { DIRECT_ROOM_PREFIX, type Room } from '../protocol/rest.ts';
import { AlreadySo, appendChange, changed } from './already-so.ts';
import type { Author } from './append.ts';
import type { ChatContext } from './context.ts';
import { applyMembership, applySettings, getMembership } from './membership.ts';
import { keepAnOwner, lookAt, requireMember } from './ranks.ts';
import { noSuchRoom, refusing } from './refusals.ts';
import { roomIdFor, suffixed } from './room-id.ts';
import { isBanned, muteOf } from './standing.ts';

export interface NewRoom {
  readonly user: UserId;
  /** Made from the name where it is not chosen. */
  readonly room?: RoomId | undefined;
  readonly name: string;
  readonly kind: 'public' | 'private';
  readonly topic?: string | undefined;
}

/** Ids made from a name that are tried, the second and later ones with a random end. */
const ID_TRIES = 5;

/**
 * Opens a room; its creator is its owner by the room's first event.
 *
 * @throws {ParleyError} `conflict` where the chosen id is taken, `bad_request` for an id of a direct room, `unavailable`.
 */
export function createRoom(ctx: ChatContext, wanted: NewRoom): Promise<Room> {
  const operation = 'create the room';
  return refusing(operation, async () => {
    if (wanted.room !== undefined) {
      if (wanted.room.startsWith(DIRECT_ROOM_PREFIX)) {
        const reason = `must not begin with ${DIRECT_ROOM_PREFIX}`;
        throw new ParleyError('bad_request', operation, `room ${reason}`, {
          issues: [{ path: 'room', reason }],
        });
      }
      const room = await openRoom(ctx, wanted.room, wanted);
      if (room) return room;
      throw new ParleyError('conflict', operation, 'the id is taken');
    }
    const base = roomIdFor(wanted.name);
    for (let tries = 0; tries < ID_TRIES; tries++) {
      const room = await openRoom(ctx, tries === 0 ? base : suffixed(base, ctx.newId()), wanted);
      if (room) return room;
    }
    throw new ParleyError('unavailable', operation, 'no free id was found; try again');
  });
}

/**
 * Commits a room's first event by putting its head.
 *
 * @param wanted.pair the two of a direct room, which has no name of its own but its id.
 * @returns undefined where the id is taken.
 */
export async function openRoom(
  ctx: ChatContext,
  room: RoomId,
  wanted: Omit<NewRoom, 'kind'> & { readonly kind: RoomKind; readonly pair?: Pair },
): Promise<Room | undefined> {
  const { user, name, kind, topic, pair } = wanted;
  const settings = { name, kind, ...(topic === undefined ? {} : { topic }), slowModeSeconds: 0 };
  const key = appendKey(user, ctx.newId() as ClientId);
  const at = new Date(ctx.now()).toISOString();
  const first = { body: { type: 'room.created', ...settings }, user, at, key } as const;
  const item = firstHeadItem(room, { ...first, ...(pair ? { pair } : {}) });
  const result = await commitFirst(ctx.chat, item);
  if (!result.committed) {
    // The put may have failed on its own first success, whose answer was lost: then the key of the first event is ours.
    const seq = (result.head && pendingSeq(result.head, key)) ?? (await getClaim(ctx.chat, room, key));
    if (seq !== 1) return undefined;
  }
  const { last } = toHead(item);
  await putEvent(ctx.chat, room, last);
  await applySettings(ctx, room, last);
  await applyMembership(ctx, room, last);
  return { room, ...settings, createdAt: at };
}

/**
 * Makes a user a member of a public room (P2, P3, P4). Who is one already is answered with the event that made it so.
 *
 * @throws {ParleyError} `not_found` where there is no such room or it is hidden, `forbidden` for who is banned, `unavailable`.
 */
export async function joinRoom(ctx: ChatContext, author: Author): Promise<ReplyData<'joinRoom'>> {
  const { room, user } = author;
  const operation = 'join';
  return refusing(operation, async () => {
    const committed = await appendChange(ctx, {
      ...author,
      operation,
      body: { type: 'member.joined', member: user },
      async authorise(standing, view) {
        if (standing) throw new AlreadySo(standing.since);
        const record = await getRoomRecord(ctx.chat, room);
        if ((view.kind ?? record?.kind) !== 'public') throw noSuchRoom(operation);
        const [ban, { record: before }] = await Promise.all([
          getBan(ctx.chat, room, user),
          lookAt(ctx, view, user),
        ]);
        if (isBanned(user, ban, view.changes)) {
          throw new ParleyError('forbidden', operation, 'you are banned from this room');
        }
        const mutedUntil = muteOf(user, before, view.changes);
        const muted = mutedUntil !== undefined && Date.parse(mutedUntil) > ctx.now();
        return muted ? { body: { type: 'member.joined', member: user, mutedUntil } } : undefined;
      },
    });
    return changed(room, committed);
  });
}

/**
 * Ends a user's membership (P2, P3, P6). Once it is acknowledged the user neither reads, writes nor hears the room.
 *
 * @throws {ParleyError} `not_found` where there is no such room or it is hidden, `forbidden` for who is not a member of a
 *   public room and for the two of a direct one, `conflict` for its last owner, `unavailable`.
 */
export async function leaveRoom(ctx: ChatContext, author: Author): Promise<ReplyData<'leaveRoom'>> {
  const { room, user } = author;
  const operation = 'leave';
  return refusing(operation, async () => {
    const committed = await appendChange(ctx, {
      ...author,
      operation,
      body: { type: 'member.left', member: user },
      async authorise(standing, view) {
        await requireMember(ctx, operation, { standing, view });
        if (view.kind === 'direct') {
          throw new ParleyError('forbidden', operation, 'nobody leaves a direct room');
        }
        keepAnOwner(view, user, operation);
      },
    });
    return changed(room, committed);
  });
}

/**
 * A room as this user may see it.
 *
 * @throws {ParleyError} `not_found` where there is no such room or it is hidden.
 */
export async function getRoom(
  ctx: ChatContext,
  { user, room }: { user: UserId; room: RoomId },
): Promise<Room> {
  const operation = 'read the room';
  return refusing(operation, async () => {
    const [record, membership] = await Promise.all([
      getRoomRecord(ctx.chat, room),
      getMembership(ctx, user, room),
    ]);
    if (!record || (record.kind !== 'public' && !membership)) throw noSuchRoom(operation);
    return toRoom(record);
  });
}
