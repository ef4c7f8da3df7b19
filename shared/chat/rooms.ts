/** Opening rooms, entering and leaving them. */
import { isBanned } from '../data/bans.ts';
import { getClaim } from '../data/claims.ts';
import { putEvent } from '../data/events.ts';
import { commitFirst } from '../data/head-writes.ts';
import { appendKey, firstHeadItem, pendingSeq, toHead } from '../data/heads.ts';
import { getRoomRecord, toRoom } from '../data/rooms.ts';
import { ParleyError } from '../protocol/errors.ts';
import type { ReplyData } from '../protocol/frames.ts';
import type { ClientId, RoomId, UserId } from '../protocol/ids.ts';
import { DIRECT_ROOM_PREFIX, type Room } from '../protocol/rest.ts';
import { type AppendRequest, type Author, append } from './append.ts';
import type { ChatContext } from './context.ts';
import { applyMembership, applySettings, getMembership } from './membership.ts';
import { noSuchRoom, refusing, strangerRefusal } from './refusals.ts';
import { roomIdFor, suffixed } from './room-id.ts';
import { isBannedByChange } from './standing.ts';
import { storedEvent } from './stored-event.ts';

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

/** Commits a room's first event by putting its head. @returns undefined where the id is taken. */
async function openRoom(ctx: ChatContext, room: RoomId, wanted: NewRoom): Promise<Room | undefined> {
  const { user, name, kind, topic } = wanted;
  const settings = { name, kind, ...(topic === undefined ? {} : { topic }), slowModeSeconds: 0 };
  const key = appendKey(user, ctx.newId() as ClientId);
  const at = new Date(ctx.now()).toISOString();
  const item = firstHeadItem(room, { body: { type: 'room.created', ...settings }, user, at, key });
  const result = await commitFirst(ctx.chat, item);
  if (!result.committed) {
    // The put may have failed on its own first success, whose answer was lost: then the key of the first event is ours.
    const seq = (result.head && pendingSeq(result.head, key)) ?? (await getClaim(ctx.chat, room, key));
    if (seq !== 1) return undefined;
  }
  const { last: first } = toHead(item);
  await putEvent(ctx.chat, room, first);
  await applySettings(ctx, room, first);
  await applyMembership(ctx, room, first);
  return { room, ...settings, createdAt: at };
}

/** Ends an append that is not needed, as the user is what it wants to be already. */
class AlreadyMember extends Error {
  readonly since: number;

  constructor(since: number) {
    super('already a member');
    this.since = since;
  }
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
    return appendOwnMove(ctx, {
      ...author,
      operation,
      body: { type: 'member.joined', member: user },
      async authorise(standing, { changes }) {
        if (standing) throw new AlreadyMember(standing.since);
        const record = await getRoomRecord(ctx.chat, room);
        if (record?.kind !== 'public') throw noSuchRoom(operation);
        if (isBannedByChange(user, changes) || (await isBanned(ctx.chat, room, user))) {
          throw new ParleyError('forbidden', operation, 'you are banned from this room');
        }
      },
    });
  });
}

/**
 * Ends a user's membership (P2, P3, P6). Once it is acknowledged the user neither reads, writes nor hears the room.
 *
 * @throws {ParleyError} `not_found` where there is no such room or it is hidden, `forbidden` for who is not a member of a
 *   public room, `conflict` for its last owner, `unavailable`.
 */
export async function leaveRoom(ctx: ChatContext, author: Author): Promise<ReplyData<'leaveRoom'>> {
  const { room, user } = author;
  const operation = 'leave';
  return refusing(operation, () =>
    appendOwnMove(ctx, {
      ...author,
      operation,
      body: { type: 'member.left', member: user },
      async authorise(standing, { owners }) {
        if (!standing) throw await strangerRefusal(ctx, room, operation);
        if (owners.length === 1 && owners[0] === user) {
          throw new ParleyError('conflict', operation, 'the last owner has to name another first');
        }
      },
    }),
  );
}

/** Appends a join or a leave and sees to its effects before it is acknowledged. */
async function appendOwnMove(ctx: ChatContext, request: AppendRequest) {
  const { room, operation } = request;
  const appended = await append(ctx, request).catch(async (error: unknown) => {
    if (!(error instanceof AlreadyMember)) throw error;
    return storedEvent(ctx, room, error.since, operation);
  });
  // Also for a repeat: whoever committed the event may have stopped there, and what is acknowledged must hold.
  await applyMembership(ctx, room, appended);
  const { seq, at } = appended.event;
  return { room, seq, at };
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
