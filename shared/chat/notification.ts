/** What somebody is notified with, and when a message is worth a look at all. */
import { type Committed, isMessage } from '../data/events.ts';
import { pageHints } from '../data/notifications.ts';
import type { MessageCreated } from '../protocol/events.ts';
import type { NotificationKind } from '../protocol/frames.ts';
import type { RoomId, UserId } from '../protocol/ids.ts';
import { DIRECT_ROOM_PREFIX } from '../protocol/rest.ts';
import type { ChatContext } from './context.ts';

/** A message that somebody may have to be notified of. */
export interface NotificationTask {
  readonly room: RoomId;
  readonly seq: number;
  /** Where the ones before were seen to: the user after whom the list goes on. */
  readonly after?: UserId | undefined;
}

/** One person's notification of one message. */
export interface Notification {
  /** The same however often it is made, and no other's. */
  readonly id: string;
  readonly kind: NotificationKind;
  readonly room: RoomId;
  readonly seq: number;
  /** Whom it is for. */
  readonly user: UserId;
  /** Who wrote the message, and when, ISO 8601. */
  readonly from: UserId;
  readonly at: string;
  readonly preview: string;
}

/** UTF-16 code units of a preview, at most. */
export const MAX_PREVIEW = 100;
/** What stands where the text goes on. */
const MORE = '…';

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** How a text begins: whole characters as people see them, `MAX_PREVIEW` code units at most, `…` included. */
export function previewOf(text: string): string {
  if (text.length <= MAX_PREVIEW) return text;
  let end = 0;
  for (const { index, segment } of graphemes.segment(text.slice(0, 2 * MAX_PREVIEW))) {
    if (index + segment.length > MAX_PREVIEW - MORE.length) break;
    end = index + segment.length;
  }
  return text.slice(0, end) + MORE;
}

/**
 * Hands on the messages among committed events that somebody may have to be notified of. Decided without a look at any member: a direct
 * room has one to notify, a mention is in the event, and who wants to hear of everything is known by one read for all of the events.
 */
export async function handMessagesOn(
  ctx: Pick<ChatContext, 'chat'>,
  room: RoomId,
  committed: readonly Committed[],
  send: (task: NotificationTask) => Promise<void>,
): Promise<void> {
  const messages = committed.filter(isMessage).map(({ event }) => event);
  const isForAll =
    room.startsWith(DIRECT_ROOM_PREFIX) ||
    messages.every(mentionsSomebody) ||
    (await pageHints(ctx.chat, room, { limit: 1 })).hints.length > 0;
  const wanted = isForAll ? messages : messages.filter(mentionsSomebody);
  await Promise.all(wanted.map(({ seq }) => send({ room, seq })));
}

function mentionsSomebody({ mentions = [], everyone }: MessageCreated): boolean {
  return everyone !== undefined || mentions.length > 0;
}
