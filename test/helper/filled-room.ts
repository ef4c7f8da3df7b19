/** A room with very many messages, settled and indexed, without the time that it takes to send each of them. */
import type { ChatContext } from '../../shared/chat/context.ts';
import { indexWords } from '../../shared/chat/index-words.ts';
import { createRoom, joinRoom } from '../../shared/chat/rooms.ts';
import { settle } from '../../shared/chat/settle.ts';
import { type Committed, eventItem, queryAllEvents } from '../../shared/data/events.ts';
import { getHead, keysText, lastOf, SETTLED } from '../../shared/data/heads.ts';
import { chatKeys } from '../../shared/data/keys.ts';
import type { RoomId, UserId } from '../../shared/protocol/ids.ts';

export interface Said {
  readonly user: UserId;
  readonly text: string;
}

/** Events that are written together. */
const TOGETHER = 1_000;

/** Makes a public room of `owner`, with another member, and puts messages into its log and its index. Their numbers ascend from 3. */
export async function fillRoom(
  ctx: ChatContext,
  room: RoomId,
  {
    owner,
    member,
    said,
  }: { readonly owner: UserId; readonly member: UserId; readonly said: readonly Said[] },
): Promise<readonly Committed[]> {
  await createRoom(ctx, { user: owner, room, name: room, kind: 'public' });
  await joinRoom(ctx, { user: member, room });
  await settle(ctx, room, await queryAllEvents(ctx.chat, room, { from: 1, to: 2 }), 1);
  const first = Date.parse('2004-11-15T00:00:00.000Z');
  const messages = said.map(
    ({ user, text }, index): Committed => ({
      event: {
        seq: index + 3,
        type: 'message.created',
        user,
        at: new Date(first + index * 1_000).toISOString(),
        n: index + 1,
        text,
      },
      n: index + 1,
    }),
  );
  for (let from = 0; from < messages.length; from += TOGETHER) {
    const some = messages.slice(from, from + TOGETHER);
    await ctx.chat.batchWrite({ puts: some.map((one) => eventItem(room, one)) });
    await indexWords(ctx, room, some);
  }
  await moveHead(ctx, room, messages);
  return messages;
}

async function moveHead(ctx: ChatContext, room: RoomId, messages: readonly Committed[]): Promise<void> {
  const item = await ctx.chat.get(chatKeys.head(room));
  const last = messages.at(-1);
  if (!item || !last) return;
  const { seq, user, at, ...body } = last.event;
  await ctx.chat.put({
    ...item,
    op: SETTLED,
    seq,
    n: last.n,
    settled: seq,
    before: seq,
    pending: [],
    recent: keysText([]),
    message: seq,
    last: lastOf(body, { user, at }),
  });
  if ((await getHead(ctx.chat, room))?.settled !== seq) throw new Error(`unable to fill ${room}`);
}
