/** Walking a room's log from end to end, for work in the background. */
import { type Committed, queryEvents, type Stretch } from '../data/events.ts';
import type { RoomId } from '../protocol/ids.ts';
import type { ChatContext } from './context.ts';

/** Events of one read; DynamoDB gives a megabyte at most. */
const PAGE = 1_000;

/** What is stored of a stretch of the log, ascending; what is over, or not stored yet, is left out. */
export async function* walkLog(
  ctx: Pick<ChatContext, 'chat'>,
  room: RoomId,
  { from, to }: Stretch,
): AsyncGenerator<Committed> {
  for (let next = from; next <= to; ) {
    const { events, end } = await queryEvents(
      ctx.chat,
      room,
      { from: next, to },
      { limit: PAGE, expired: true },
    );
    yield* events;
    const last = events.at(-1);
    if (end || !last) return;
    next = last.event.seq + 1;
  }
}
