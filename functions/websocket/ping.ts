import { command } from './command.ts';

/** Keeps the connection alive and tells the service's time. */
export const handler = command('ping', async ({ context }) => ({
  at: new Date(context.now()).toISOString(),
}));
