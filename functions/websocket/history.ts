import { readHistory } from '../../shared/chat/history.ts';
import { ParleyError } from '../../shared/protocol/errors.ts';
import { command } from './command.ts';
import { fitNewest } from './fit.ts';

/** A page of the room's messages, for members. A page that one WebSocket message can't carry is cut at its older end. */
export const handler = command('history', async ({ context, caller: { user }, command }) => {
  const { room, before, limit, thread } = command;
  if (thread !== undefined) {
    throw new ParleyError('bad_request', 'read history', 'this version serves no threads');
  }
  const page = await readHistory(context, { user, room, before, limit });
  const messages = fitNewest(page.messages);
  return { room, messages, more: page.more || messages.length < page.messages.length };
});
