/** What can be done to a message: edit, delete, react, pin. Each is an event of the log; the projector applies it. */
import type { EventBody } from '../data/events.ts';
import type { Standing } from '../data/memberships.ts';
import { type StoredMessage, UNTOUCHED } from '../data/message-state.ts';
import { ParleyError } from '../protocol/errors.ts';
import type { ReplyData } from '../protocol/frames.ts';
import type { ClientId, UserId } from '../protocol/ids.ts';
import { AlreadySo, appendUnlessSo, changed } from './already-so.ts';
import type { Author } from './append.ts';
import type { ChatContext } from './context.ts';
import { isAtLeast, requireMember, requireRole } from './ranks.ts';
import { messageAsOfNow, noSuchMessage } from './read-message.ts';
import type { HeadView } from './room-memory.ts';
import { refuseMuted, refuseToBlocked, textAfterHook } from './speaking.ts';

/** Edits of one message: their numbers take about 9 bytes each in its item. */
const MAX_EDITS = 1_000;
/** Different emoji on one message. */
const MAX_EMOJI = 50;
/** Reactions to one message: each takes up to 100 bytes in its item, of which DynamoDB allows 400 KB. */
const MAX_REACTIONS = 2_000;

type Appended = ReplyData<'editMessage'>;

/** Which message of a room, and who wants to change it. */
export interface Target extends Omit<Author, 'id'> {
  readonly id?: ClientId | undefined;
  /** The message's number. */
  readonly target: number;
}

/**
 * Gives a message another text.
 *
 * @throws {ParleyError} `not_found` also where there is no such message or it is deleted; `forbidden` for who is not its author, or is
 *   muted or blocked, and for what the moderation hook refuses; `conflict` after too many edits; `unavailable`.
 */
export function editMessage(
  ctx: ChatContext,
  request: Target & { readonly text: string },
): Promise<Appended> {
  const operation = 'edit';
  const { text, target, room, user } = request;
  let judged: Promise<string> | undefined;
  return changeMessage(ctx, request, {
    operation,
    body: { type: 'message.edited', target, text },
    async judge(message, { member, view }) {
      if (message.event.user !== user) throw notTheAuthor(operation);
      refuseMuted(ctx, member, operation);
      await refuseToBlocked(ctx, { view, user }, operation);
      if ((message.state ?? UNTOUCHED).edits.length >= MAX_EDITS) {
        throw new ParleyError('conflict', operation, `a message is edited ${MAX_EDITS} times at most`);
      }
    },
    async amend() {
      // Once, however often the commit is tried.
      judged ??= ctx.moderate && textAfterHook(ctx, { room, user, text }, operation);
      return judged && { type: 'message.edited', target, text: await judged };
    },
  });
}

/**
 * Deletes a message, its text and its attachments; its number stays.
 *
 * @throws {ParleyError} `not_found` also where there is no such message or it is deleted; `forbidden` for who is neither its author
 *   nor an admin; `unavailable`.
 */
export function deleteMessage(ctx: ChatContext, request: Target): Promise<Appended> {
  const operation = 'delete';
  const { target, user } = request;
  return changeMessage(ctx, request, {
    operation,
    body: { type: 'message.deleted', target },
    judge(message, { member, view }) {
      const moderates = view.kind !== 'direct' && isAtLeast(member.role, 'admin');
      if (message.event.user !== user && !moderates) throw notTheAuthor(operation);
    },
  });
}

function notTheAuthor(operation: string): ParleyError {
  return new ParleyError('forbidden', operation, 'it is not your message');
}

/**
 * Adds a reaction, once for each person and emoji: who reacted so already is answered with the event that said so.
 *
 * @throws {ParleyError} `not_found` also where there is no such message or it is deleted; `forbidden` for who is no member, muted or
 *   blocked; `conflict` where the message holds no more; `unavailable`.
 */
export function addReaction(
  ctx: ChatContext,
  request: Target & { readonly emoji: string },
): Promise<Appended> {
  const operation = 'react';
  const { target, emoji, user } = request;
  return changeMessage(ctx, request, {
    operation,
    body: { type: 'reaction.added', target, emoji },
    async judge(message, { member, view }) {
      refuseMuted(ctx, member, operation);
      await refuseToBlocked(ctx, { view, user }, operation);
      const { reactions } = message.state ?? UNTOUCHED;
      const mine = reactions[emoji]?.find((one) => one.user === user);
      if (mine) throw new AlreadySo(mine.seq);
      const emojis = Object.keys(reactions).length + (reactions[emoji] ? 0 : 1);
      if (emojis > MAX_EMOJI || Object.values(reactions).flat().length >= MAX_REACTIONS) {
        throw new ParleyError('conflict', operation, 'the message holds no more reactions');
      }
    },
  });
}

/** @throws {ParleyError} as `addReaction`; `not_found` also where the user has not reacted so. */
export function removeReaction(
  ctx: ChatContext,
  request: Target & { readonly emoji: string },
): Promise<Appended> {
  const operation = 'take back the reaction';
  const { target, emoji, user } = request;
  return changeMessage(ctx, request, {
    operation,
    body: { type: 'reaction.removed', target, emoji },
    judge({ state }) {
      if (!state?.reactions[emoji]?.some((one) => one.user === user)) {
        throw new ParleyError('not_found', operation, 'you have not reacted so');
      }
    },
  });
}

/**
 * Pins a message; one that is pinned already is answered with the event that did it.
 *
 * @throws {ParleyError} `not_found` also where there is no such message or it is deleted; `forbidden` for who is not an admin (in a
 *   direct room both may, but for whom the other has blocked); `unavailable`.
 */
export function pinMessage(ctx: ChatContext, request: Target): Promise<Appended> {
  const operation = 'pin';
  return changeMessage(ctx, request, {
    operation,
    body: { type: 'message.pinned', target: request.target },
    async judge({ state }, { member, view }) {
      await requirePinner(ctx, operation, { member, view, user: request.user });
      if (state?.pinned !== undefined) throw new AlreadySo(state.pinned);
    },
  });
}

/** @throws {ParleyError} as `pinMessage`; `not_found` also where it is not pinned. */
export function unpinMessage(ctx: ChatContext, request: Target): Promise<Appended> {
  const operation = 'unpin';
  return changeMessage(ctx, request, {
    operation,
    body: { type: 'message.unpinned', target: request.target },
    async judge({ state }, { member, view }) {
      await requirePinner(ctx, operation, { member, view, user: request.user });
      if (state?.pinned === undefined) {
        throw new ParleyError('not_found', operation, 'the message is not pinned');
      }
    },
  });
}

interface Judged {
  readonly member: Standing;
  readonly view: HeadView;
}

async function requirePinner(
  ctx: ChatContext,
  operation: string,
  { member, view, user }: Judged & { readonly user: UserId },
): Promise<void> {
  if (view.kind === 'direct') return refuseToBlocked(ctx, { view, user }, operation);
  await requireRole(ctx, operation, { standing: member, view, least: 'admin' });
}

/** One kind of change: its event, and who may make it. */
interface Change {
  readonly operation: string;
  readonly body: EventBody;
  /** Throws where the author may not do it. */
  judge(message: StoredMessage, judged: Judged): void | Promise<void>;
  /** What takes the body's place, if anything does. */
  amend?(): Promise<EventBody | undefined>;
}

async function changeMessage(
  ctx: ChatContext,
  { room, user, target, id }: Target,
  { operation, body, judge, amend }: Change,
): Promise<Appended> {
  const author = { room, user, ...(id === undefined ? {} : { id }) };
  const committed = await appendUnlessSo(ctx, {
    ...author,
    operation,
    body,
    async authorise(standing, view) {
      const member = await requireMember(ctx, operation, { standing, view });
      const message = await messageAsOfNow(ctx, room, target);
      if (!message || message.state?.deleted !== undefined) throw noSuchMessage(operation);
      await judge(message, { member, view });
      const other = await amend?.();
      const textUntil = body.type === 'message.edited' ? message.expiresAt : undefined;
      return { ...(other ? { body: other } : {}), textUntil };
    },
  });
  return changed(room, committed);
}
