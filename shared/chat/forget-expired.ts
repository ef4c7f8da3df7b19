/** What goes with an event that DynamoDB has deleted, as its time was over (retention). Every step is safe to repeat. */
import { claimEnds } from '../data/claims.ts';
import { type Committed, queryAllEvents } from '../data/events.ts';
import { forgetLast, moveSettled } from '../data/head-writes.ts';
import { getHead, type Head } from '../data/heads.ts';
import { wipeEdit } from '../data/message-state.ts';
import type { RoomId } from '../protocol/ids.ts';
import type { ChatContext } from './context.ts';
import { dropWords } from './index-words.ts';

/**
 * Lets go what an expired event leaves behind: a message's files and the texts of its edits, and what the room's head holds of it. In a quiet
 * room the head may have waited for more events to settle; it moves on, as readers take what is missing up to there for trimmed.
 */
export async function forgetExpired(ctx: ChatContext, room: RoomId, expired: Committed): Promise<void> {
  const { event, state, shortened } = expired;
  if (event.type === 'message.created') {
    const files = (event.attachments ?? []).map(({ file }) => file);
    if (files.length > 0) await ctx.followFiles?.({ kind: 'release', room, message: event.seq, files });
    // Words end by themselves, with the message as it was sent.
    if (shortened) await dropWords(ctx, room, event.seq, [event.text, state?.text ?? '']);
    await Promise.all((state?.edits ?? []).map((edit) => wipeEdit(ctx.chat, room, edit)));
  }
  const head = await getHead(ctx.chat, room);
  if (!head) return;
  if (head.seq === event.seq) await forgetLast(ctx.chat, room, event.seq);
  await settlePast(ctx, head, event.seq);
}

/**
 * Moves `settled` up to an event that is gone. All up to there is as old as the shortest retention, a day: the settler has been there long
 * since, and no claim would hold any more.
 *
 * @throws {Error} where something of it is younger: the clocks of its authors differed, and it is tried again.
 */
async function settlePast(ctx: ChatContext, head: Head, to: number): Promise<void> {
  if (to <= head.settled) return;
  const stretch = { from: head.settled + 1, to };
  const left = await queryAllEvents(ctx.chat, head.room, stretch, { expired: true });
  const isYoung = left.some(({ event }) => claimEnds(event.at) * 1_000 > ctx.now());
  if (isYoung || head.changes.some(({ seq }) => seq <= to)) {
    throw new Error(`unable to settle ${head.room} past ${to}; what lies before is not a day old`);
  }
  let at: Head | undefined = head;
  while (at && at.settled < to) at = await moveSettled(ctx.chat, at, to);
}
