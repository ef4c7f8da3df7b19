import { deleteMessage } from '../../shared/chat/change-message.ts';
import { command } from './command.ts';

/** Deletes a message; its number stays. */
export const handler = command(
  'deleteMessage',
  ({ context, caller: { user }, command: { action: _, ...change } }) =>
    deleteMessage(context, { ...change, user }),
);
