import { authenticateConnection } from '../../shared/chat/connections.ts';
import { command } from './command.ts';
import { verifyAccessToken } from './identity.ts';

/** Lets the connection live on past its token's end, with a fresh token of the same user. */
export const handler = command('authenticate', async ({ context, caller, command }) => {
  const identity = await verifyAccessToken(command.token);
  await authenticateConnection(context, caller, identity);
  return { expiresAt: new Date(identity.expiresAt).toISOString() };
});
