import { readHistory } from '../../shared/chat/history.ts';
import { command } from './command.ts';
import { fitNewest } from './fit.ts';

/** A page of the room's messages, or of a thread's replies, for members. A page that one WebSocket message can't carry is cut at its older end. */
export const handler = command('history', async ({ context, caller: { user }, command }) => {
  const { room, before, limit, thread } = command;
  const page = await readHistory(context, { user, room, before, limit, thread });
  const messages = fitNewest(page.messages);
  return { ...page, messages, more: page.more || messages.length < page.messages.length };
});
