import { removeReaction } from '../../shared/chat/change-message.ts';
import { command } from './command.ts';

/** Takes the caller’s reaction back. */
export const handler = command(
  'removeReaction',
  ({ context, caller: { user }, command: { action: _, ...change } }) =>
    removeReaction(context, { ...change, user }),
);
