/**
 * Brings a room's older messages under a shorter retention. Those that come after the change are kept for it from the start; the others
 * get their new end here, page by page, in the log's order, so that what can be read is a stretch without a hole at every moment. A longer
 * retention changes nothing about messages that are there: nothing that was to go comes back.
 */
import { type Committed, queryEvents } from '../data/events.ts';
import { type Ends, shortenLives } from '../data/lives.ts';
import { finishTrims, getRoomRecord, type Trim } from '../data/rooms.ts';
import type { RoomId } from '../protocol/ids.ts';
import type { ChatContext, TrimTask } from './context.ts';
import { expires, keptUntil } from './retention.ts';

type TrimContext = Pick<ChatContext, 'chat' | 'followFiles'>;

/** Events that are looked at in one piece. */
const PIECE = 100;

/**
 * Does as much as there is time for. Safe to repeat, in any overlap with other runs.
 *
 * @param goOn whether there is time for one more piece.
 * @returns the rest; undefined where nothing is left.
 */
export async function trimRoom(
  ctx: TrimContext,
  { room, after }: TrimTask,
  goOn: () => boolean,
): Promise<TrimTask | undefined> {
  const { trims = [] } = (await getRoomRecord(ctx.chat, room)) ?? {};
  const last = Math.max(0, ...trims.map(({ seq }) => seq));
  for (let next = after + 1; next < last; ) {
    if (!goOn()) return { room, after: next - 1 };
    const { events, end } = await queryEvents(ctx.chat, room, { from: next, to: last - 1 }, { limit: PIECE });
    await Promise.all(events.map((one) => shorten(ctx, room, one, trims)));
    const reached = events.at(-1)?.event.seq;
    if (end || reached === undefined) break;
    next = reached + 1;
  }
  await finishTrims(ctx.chat, room, trims);
  return undefined;
}

async function shorten(
  ctx: TrimContext,
  room: RoomId,
  committed: Committed,
  trims: readonly Trim[],
): Promise<void> {
  const { event, expiresAt, state } = committed;
  const days = Math.min(...trims.filter(({ seq }) => seq > event.seq).map((trim) => trim.days));
  if (!expires(event.type) || !Number.isFinite(days)) return;
  const until = keptUntil(Date.parse(event.at), days);
  if (expiresAt !== undefined && expiresAt <= until) return;
  const isMessage = event.type === 'message.created';
  const ends: Ends = {
    seq: event.seq,
    until,
    edits: state?.edits ?? [],
    pinned: state?.pinned !== undefined,
  };
  await shortenLives(ctx.chat, room, ends);
  const files = isMessage ? (event.attachments ?? []).map(({ file }) => file) : [];
  if (files.length > 0) await ctx.followFiles?.({ kind: 'attach', room, message: event.seq, files, until });
}
