/**
 * The projector: applies edits, deletions, reactions, pins and replies to the messages that they are about, in the log's order and once.
 * It is a part of the settler, so that all of it is done before `settled` moves on; what readers see beyond that they apply
 * themselves (`upToDate`).
 */
import { batchGetEventsOf, type Committed, isMessage } from '../data/events.ts';
import { putMention } from '../data/mentions.ts';
import {
  type MessageState,
  putMessageState,
  type StoredMessage,
  UNTOUCHED,
  wipeEdit,
} from '../data/message-state.ts';
import { putPin } from '../data/pins.ts';
import type { RoomEvent } from '../protocol/events.ts';
import type { RoomId } from '../protocol/ids.ts';
import type { ChatContext } from './context.ts';
import type { FileTask } from './file-store.ts';
import { dropWords } from './index-words.ts';
import {
  applyChange,
  countReply,
  isMessageChange,
  type MessageChange,
  pinMoved,
  type ReplyCount,
} from './message-events.ts';

/** Times that a message is looked at again, as another run was faster. Each time at least one run has got on. */
const MAX_TRIES = 20;

/**
 * Applies a batch of events, ascending. Safe to repeat, in any overlap with other runs; batches of one room come in its order.
 *
 * @throws {Error} where other runs were faster each time: the batch comes again.
 */
export async function project(ctx: ChatContext, room: RoomId, batch: readonly Committed[]): Promise<void> {
  await Promise.all(batch.map((one) => (isMessage(one) ? followFiles(ctx, room, one, 'attach') : undefined)));
  await Promise.all(batch.map(({ event }) => countMentions(ctx, room, event)));
  const changes = batch.map(({ event }) => event).filter(isMessageChange);
  const changed = await applyAll(
    ctx,
    room,
    groupBy(changes, ({ target }) => target),
    async (message, list) => {
      const before = message.state ?? UNTOUCHED;
      const next = list.reduce(applyChange, before);
      // First what a repeat would not find again, once the state says that it is done.
      if (next !== before) await applyBeside(ctx, room, message, { before, next, list });
      return next;
    },
  );
  const replies = batch.flatMap(({ event }): ReplyCount[] => {
    if (event.type === 'message.created' && event.thread !== undefined) {
      return [{ root: event.thread, seq: event.seq, at: event.at, by: 1, user: event.user }];
    }
    if (event.type !== 'message.deleted') return [];
    // Counted back by the event that deleted the reply, and by no other that came too late.
    const reply = changed.get(event.target);
    const root = reply?.state?.deleted === event.seq ? reply.event.thread : undefined;
    return root === undefined ? [] : [{ root, seq: event.seq, at: event.at, by: -1, user: event.user }];
  });
  await applyAll(
    ctx,
    room,
    groupBy(replies, ({ root }) => root),
    async (message, list) => list.reduce(countReply, message.state ?? UNTOUCHED),
  );
}

async function countMentions(ctx: ChatContext, room: RoomId, event: RoomEvent): Promise<void> {
  if (event.type !== 'message.created') return;
  const { mentions = [], seq } = event;
  await Promise.all(mentions.map((user) => putMention(ctx.chat, { user, room, seq })));
}

/** What becomes of a message's files is done by a queue: it is repeated until it is done, and may take its time. */
async function followFiles(
  ctx: ChatContext,
  room: RoomId,
  { event: { seq, attachments = [] }, expiresAt: until }: StoredMessage,
  kind: FileTask['kind'],
): Promise<void> {
  if (attachments.length === 0) return;
  const files = attachments.map(({ file }) => file);
  await ctx.followFiles?.({ kind, room, message: seq, files, ...(until === undefined ? {} : { until }) });
}

/** What lies outside of a message's own item: the list of pins, the texts of its edits, its files, its words. */
async function applyBeside(
  ctx: ChatContext,
  room: RoomId,
  message: StoredMessage,
  {
    before,
    next,
    list,
  }: {
    readonly before: MessageState;
    readonly next: MessageState;
    readonly list: readonly MessageChange[];
  },
): Promise<void> {
  const { seq } = message.event;
  const asOf = pinMoved(before, list);
  if (asOf !== undefined && before.pinned !== next.pinned) {
    await putPin(
      ctx.chat,
      room,
      { seq, pinned: next.pinned !== undefined, asOf, until: message.expiresAt },
      ctx.now(),
    );
  }
  if (next.deleted === undefined) return;
  await followFiles(ctx, room, message, 'release');
  const edits = list.flatMap((change) => (change.type === 'message.edited' ? [change.text] : []));
  await dropWords(ctx, room, seq, [message.event.text, before.text ?? '', ...edits]);
  const late = list.filter((event) => event.type === 'message.edited').map((event) => event.seq);
  await Promise.all([...new Set([...next.edits, ...late])].map((edit) => wipeEdit(ctx.chat, room, edit)));
}

/** Brings messages up to date. @returns them as they are then, by number; without those that are not stored. */
async function applyAll<T>(
  ctx: ChatContext,
  room: RoomId,
  work: ReadonlyMap<number, readonly T[]>,
  apply: (message: StoredMessage, list: readonly T[]) => Promise<MessageState>,
): Promise<ReadonlyMap<number, StoredMessage>> {
  const done = new Map<number, StoredMessage>();
  let left = [...work.keys()];
  for (let tries = 0; left.length > 0; tries++) {
    if (tries === MAX_TRIES) throw new Error(`unable to project ${room}; others were faster each time`);
    const messages = (await batchGetEventsOf(ctx.chat, room, left)).filter(isMessage);
    const again = await Promise.all(
      messages.map(async (message) => {
        const { seq } = message.event;
        const state = await apply(message, work.get(seq) ?? []);
        const isSame = state === (message.state ?? UNTOUCHED);
        if (!isSame && !(await putMessageState(ctx.chat, room, message, state))) return [seq];
        done.set(seq, { ...message, state });
        return [];
      }),
    );
    left = again.flat();
  }
  return done;
}

function groupBy<T>(list: readonly T[], key: (one: T) => number): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const one of list) groups.set(key(one), [...(groups.get(key(one)) ?? []), one]);
  return groups;
}
