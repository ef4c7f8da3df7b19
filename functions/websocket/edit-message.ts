import { editMessage } from '../../shared/chat/change-message.ts';
import { command } from './command.ts';

/** Gives one of the caller’s messages another text. */
export const handler = command(
  'editMessage',
  ({ context, caller: { user }, command: { action: _, ...change } }) =>
    editMessage(context, { ...change, user }),
);
