import { prepareAppend } from '../../shared/chat/append.ts';
import { sendMessage } from '../../shared/chat/send.ts';
import { pendingCommand } from './command.ts';

/** Appends a message. What the append reads first is read while the gate is asked, if it is known already who speaks. */
export const handler = pendingCommand('sendMessage', async ({ context, command, id, admitted, guess }) => {
  const { room, text, thread, attachments } = command;
  // Without an id of the client's there is no claim to read, and nothing to find by it.
  const given = command.id === undefined ? {} : { id };
  const prepared = guess && prepareAppend(context, { room, user: guess, ...given });
  const { user } = await admitted;
  const message = { room, user, ...given, text, thread, attachments };
  return sendMessage(context, message, user === guess ? prepared : undefined);
});
