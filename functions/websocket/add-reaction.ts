import { addReaction } from '../../shared/chat/change-message.ts';
import { command } from './command.ts';

/** Adds the caller’s reaction to a message, once for each emoji. */
export const handler = command(
  'addReaction',
  ({ context, caller: { user }, command: { action: _, ...change } }) =>
    addReaction(context, { ...change, user }),
);
