import { pinMessage } from '../../shared/chat/change-message.ts';
import { command } from './command.ts';

/** Pins a message. */
export const handler = command(
  'pinMessage',
  ({ context, caller: { user }, command: { action: _, ...change } }) =>
    pinMessage(context, { ...change, user }),
);
