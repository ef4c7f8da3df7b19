/** One message as it is now, and what it was before. */

import * as z from 'zod/mini';
import { batchGetEventsOf, type Committed, getEvent, isMessage } from '../data/events.ts';
import { getHead, type Head } from '../data/heads.ts';
import { type StoredMessage, toMessage } from '../data/message-state.ts';
import { pagePins } from '../data/pins.ts';
import { ParleyError } from '../protocol/errors.ts';
import type { Message } from '../protocol/events.ts';
import { MAX_SEQ, type RoomId, Seq, type UserId } from '../protocol/ids.ts';
import { DEFAULT_PAGE_LIMIT, type MessageWithEdits } from '../protocol/rest.ts';
import type { ChatContext } from './context.ts';
import { decodeCursor } from './cursor.ts';
import { type PageOf, type PageRequest, pageOf } from './lists.ts';
import { getMembership } from './membership.ts';
import { isMessageChange, upToDate } from './message-events.ts';
import { isAtLeast, requireMember } from './ranks.ts';
import { readForward } from './read-log.ts';
import { readRoom } from './read-room.ts';
import { refusing, strangerRefusal } from './refusals.ts';

interface Reader {
  readonly user: UserId;
  readonly room: RoomId;
}

export function noSuchMessage(operation: string): ParleyError {
  return new ParleyError('not_found', operation, 'there is no such message');
}

/** The head of a room, and what is committed beyond `settled`: what the projector may not have applied yet. */
export async function readTail(
  ctx: ChatContext,
  room: RoomId,
): Promise<{ readonly head: Head; readonly tail: readonly Committed[] } | undefined> {
  const head = await getHead(ctx.chat, room);
  return head && { head, tail: (await readForward(ctx, head, head.settled)).events };
}

/** A message as of now, with all that was acknowledged about it; undefined where the number is no message's. */
export async function messageAsOfNow(
  ctx: ChatContext,
  room: RoomId,
  seq: number,
): Promise<StoredMessage | undefined> {
  const [stored, log] = await Promise.all([getEvent(ctx.chat, room, seq), readTail(ctx, room)]);
  const found = stored ?? log?.tail.find(({ event }) => event.seq === seq);
  return found && log && isMessage(found) ? upToDate(found, log.tail) : undefined;
}

/**
 * One message; with `edits`, its earlier texts too, for its author and the room's admins.
 *
 * @throws {ParleyError} `not_found` where there is no such room or message; `forbidden` for who is no member, or may not see earlier
 *   texts; `unavailable`.
 */
export function readMessage(
  ctx: ChatContext,
  { seq, edits = false, ...reader }: Reader & { readonly seq: number; readonly edits?: boolean },
): Promise<MessageWithEdits> {
  const operation = 'read the message';
  const { user, room } = reader;
  return refusing(operation, async () => {
    const { standing, view } = await readRoom(ctx, reader, operation);
    const { role } = await requireMember(ctx, operation, { standing, view });
    const message = await messageAsOfNow(ctx, room, seq);
    if (!message) throw noSuchMessage(operation);
    if (!edits) return toMessage(message, user);
    if (message.event.user !== user && (view.kind === 'direct' || !isAtLeast(role, 'admin'))) {
      throw new ParleyError('forbidden', operation, 'earlier texts are for the author and for admins');
    }
    return { ...toMessage(message, user), edits: await earlierTexts(ctx, room, message) };
  });
}

/** The texts that a message had before the one that it has, the first one first. */
async function earlierTexts(
  ctx: ChatContext,
  room: RoomId,
  { event, state }: StoredMessage,
): Promise<{ text: string; at: string }[]> {
  if (!state || state.deleted !== undefined || state.edits.length === 0) return [];
  const edits = (await batchGetEventsOf(ctx.chat, room, state.edits))
    .map((edit) => edit.event)
    .filter(isMessageChange)
    .sort((a, b) => a.seq - b.seq);
  return [event, ...edits]
    .flatMap((one) => ('text' in one ? [{ text: one.text, at: one.at }] : []))
    .slice(0, -1);
}

const AfterPin = z.object({ seq: Seq });

/**
 * The pinned messages of a room, the newest messages first.
 *
 * @throws {ParleyError} `not_found`; `forbidden` for who is no member; `bad_request` for a foreign cursor; `unavailable`.
 */
export function listPins(ctx: ChatContext, request: PageRequest & Reader): Promise<PageOf<Message>> {
  const operation = 'list pins';
  const { user, room, limit = DEFAULT_PAGE_LIMIT } = request;
  return refusing(operation, async () => {
    const before = decodeCursor(AfterPin, request.cursor, operation)?.seq ?? MAX_SEQ;
    await requireMember(ctx, operation, await readRoom(ctx, request, operation));
    const log = await readTail(ctx, room);
    const listed = await pagePins(ctx.chat, room, { limit, before });
    const fresh = (log?.tail ?? []).flatMap(({ event }) =>
      event.type === 'message.pinned' && event.target < before ? [event.target] : [],
    );
    const seqs = [...new Set([...listed.seqs, ...fresh])];
    const messages = (await batchGetEventsOf(ctx.chat, room, seqs))
      .filter(isMessage)
      .map((message) => upToDate(message, log?.tail ?? []))
      .filter(({ state }) => state?.pinned !== undefined)
      .sort((a, b) => b.event.seq - a.event.seq);
    // P6: as for history.
    if (!(await getMembership(ctx, user, room))) throw await strangerRefusal(ctx, room, operation);
    const page = messages.slice(0, limit);
    const last = page.at(-1)?.event.seq ?? listed.seqs.at(-1);
    const more = listed.more || messages.length > limit;
    return pageOf(
      page.map((message) => toMessage(message, user)),
      more && last !== undefined ? { seq: last } : undefined,
    );
  });
}
