/**
 * What later events made of a message. It lies in the message's own event item, as the attribute `state`, beside the event as it was
 * committed: clients that follow the log apply those events themselves, readers of history get them applied.
 */
import * as z from 'zod/mini';
import type { Message, MessageCreated } from '../protocol/events.ts';
import { type RoomId, Time, UserId } from '../protocol/ids.ts';
import { chatKeys, ownerKeys } from './keys.ts';
import { ignoreFailedCondition, type Table } from './table.ts';

export const MessageState = z.object({
  /** Number of the newest event about this message that is applied: what makes a repeat harmless. */
  applied: z.int(),
  /** Number of the newest reply, or deletion of one, that is counted. */
  counted: z.int(),
  /** The latest text, where it was edited. */
  text: z.optional(z.string()),
  editedAt: z.optional(Time),
  /** Numbers of the edits; their texts are in the log. */
  edits: z.array(z.int()),
  /** Number of the event that deleted it. */
  deleted: z.optional(z.int()),
  /** Number of the event that pinned it. */
  pinned: z.optional(z.int()),
  /** Who reacted how, by which event, in that order. */
  reactions: z.record(z.string(), z.array(z.object({ user: UserId, seq: z.int() }))),
  replies: z.int(),
  lastReplyAt: z.optional(Time),
  /** Number of the newest reply, deleted or not. */
  lastReply: z.optional(z.int()),
  /** Who replied, in that order; so many at most (message-events.ts). */
  participants: z.optional(z.array(UserId)),
});
export type MessageState = z.infer<typeof MessageState>;

export const UNTOUCHED: MessageState = { applied: 0, counted: 0, edits: [], reactions: {}, replies: 0 };

/** A message of the log, with what became of it. */
export interface StoredMessage {
  readonly event: MessageCreated;
  /** The room's messages up to it. */
  readonly n: number;
  readonly state?: MessageState | undefined;
  /** Until when it is kept, epoch seconds; for ever without it. */
  readonly expiresAt?: number | undefined;
}

/** People who reacted that are named, for each emoji. docs/protocol.md: "`reactions` `{emoji: {count, users (the first 50), mine}}`". */
const NAMED_REACTORS = 50;

/** Domain → wire. @param viewer whose own reactions are marked. */
export function toMessage({ event, state = UNTOUCHED }: StoredMessage, viewer: UserId): Message {
  const { text = event.text, editedAt, deleted, pinned, reactions, replies, lastReplyAt, lastReply } = state;
  const { text: _, attachments, mentions, everyone, deleted: __, ...rest } = event;
  const thread = {
    ...(replies > 0 ? { replyCount: replies, ...(lastReplyAt ? { lastReplyAt } : {}) } : {}),
    ...(lastReply === undefined ? {} : { lastReply }),
  };
  if (deleted !== undefined) return { ...rest, deleted: true, reactions: {}, ...thread };
  return {
    ...rest,
    text,
    ...(attachments ? { attachments } : {}),
    ...(mentions ? { mentions } : {}),
    ...(everyone ? { everyone } : {}),
    ...(editedAt ? { editedAt } : {}),
    ...(pinned === undefined ? {} : { pinned: true }),
    reactions: Object.fromEntries(
      Object.entries(reactions).map(([emoji, by]) => [
        emoji,
        {
          count: by.length,
          users: by.slice(0, NAMED_REACTORS).map(({ user }) => user),
          mine: by.some(({ user }) => user === viewer),
        },
      ]),
    ),
    ...thread,
  };
}

/**
 * Stores what became of a message, and where its thread is listed. A deleted one loses its text, its attachments and its mentions.
 *
 * @param before the state that `next` was made from.
 * @returns whether it is stored; false where another run was faster: look again.
 */
export async function putMessageState(
  table: Table,
  room: RoomId,
  { event: { seq }, state: before }: StoredMessage,
  next: MessageState,
): Promise<boolean> {
  const { lastReply } = next;
  const listed = lastReply === undefined || lastReply === before?.lastReply ? undefined : lastReply;
  const written = await ignoreFailedCondition(
    table.update(chatKeys.event(room, seq), {
      update: `SET #state = :next${listed === undefined ? '' : `, ${LIST}`}${next.deleted === undefined ? '' : `, ${WIPE}`}`,
      condition: before
        ? '#state.#applied = :applied AND #state.#counted = :counted'
        : 'attribute_exists(pk) AND attribute_not_exists(#state)',
      names: {
        '#state': 'state',
        ...(before ? { '#applied': 'applied', '#counted': 'counted' } : {}),
        ...(next.deleted === undefined ? {} : WIPED),
      },
      values: {
        ':next': next,
        ...(before ? { ':applied': before.applied, ':counted': before.counted } : {}),
        ...(listed === undefined ? {} : listedAs(room, listed)),
        ...(next.deleted === undefined ? {} : { ':true': true, ':nothing': '' }),
      },
      returns: 'UPDATED_NEW',
    }),
  );
  return written !== undefined;
}

const LIST = 'gsi1pk = :threads, gsi1sk = :place';

function listedAs(room: RoomId, lastReply: number): Readonly<Record<string, string>> {
  const { gsi1pk, gsi1sk } = ownerKeys.thread(room, lastReply);
  return { ':threads': gsi1pk, ':place': gsi1sk };
}

const WIPE = '#deleted = :true, #text = :nothing REMOVE #attachments, #mentions, #everyone';
const WIPED = {
  '#deleted': 'deleted',
  '#text': 'text',
  '#attachments': 'attachments',
  '#mentions': 'mentions',
  '#everyone': 'everyone',
};

/** Takes the text out of an edit of a message that is deleted; the number stays, so that the log has no gap. */
export async function wipeEdit(table: Table, room: RoomId, seq: number): Promise<void> {
  await ignoreFailedCondition(
    table.update(chatKeys.event(room, seq), {
      update: 'SET #deleted = :true, #text = :nothing',
      condition: 'attribute_exists(pk)',
      names: { '#deleted': 'deleted', '#text': 'text' },
      values: { ':true': true, ':nothing': '' },
    }),
  );
}
