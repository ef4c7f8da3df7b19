import { authenticateConnection } from '../../shared/chat/connections.ts';
import { createLookLater } from '../runtime/connection-watch.ts';
import { once } from '../runtime/once.ts';
import { getRuntime } from '../runtime/runtime.ts';
import { command } from './command.ts';
import { verifyAccessToken } from './identity.ts';

const getLookLater = once(() => createLookLater(getRuntime()));

/** Lets the connection live on past its token's end, with a fresh token of the same user. */
export const handler = command('authenticate', async ({ context, caller, command }) => {
  const identity = await verifyAccessToken(command.token);
  const expiresAt = await authenticateConnection(context, caller, identity, getLookLater());
  return { expiresAt: new Date(expiresAt).toISOString() };
});
