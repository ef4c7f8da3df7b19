import { markRead, markThreadRead } from '../../shared/chat/mark-read.ts';
import { tellRead } from '../../shared/delivery/tell-moment.ts';
import { getMoments } from '../runtime/moments.ts';
import { command } from './command.ts';

/** Moves the read mark of a room, and tells who may want to know; or that of a thread. */
export const handler = command('markRead', async ({ context, caller, command: { room, seq, thread } }) => {
  if (thread !== undefined) return markThreadRead(context, { user: caller.user, room, seq, thread });
  const { data, moved } = await markRead(context, { user: caller.user, room, seq });
  if (moved) await tellRead(getMoments(), caller, data);
  return data;
});
