import { checkTyping, createTypingMemory } from '../../shared/chat/typing.ts';
import { tellTyping } from '../../shared/delivery/tell-moment.ts';
import { getMoments } from '../runtime/moments.ts';
import { command } from './command.ts';

const memory = createTypingMemory();

/** Tells a room that the user types, or stopped. */
export const handler = command('typing', async ({ context, caller: { user }, command: { room, on } }) => {
  const typing = { user, room, on };
  await checkTyping(context, typing);
  if (memory.isNews(typing, context.now())) await tellTyping(getMoments(), typing);
  return {};
});
