import { type Client, nextId, whileOpen } from '../helper/client.ts';
import type { Reply } from '../helper/wire.ts';

/** After a function failed API Gateway does not say which command it was: what has no reply by then is sent again. */
const CRASH_PATIENCE = 300;
/** Longer than API Gateway waits for any function, and then some: 29 s. */
const REPLY_LIMIT = 40_000;

/**
 * Sends a command until it is answered, the same command each time.
 *
 * @returns the reply; undefined where the connection went away meanwhile, or is to be given up as the service does not know it.
 * @throws {Error} when the connection stays, and no answer comes; or when what came breaks the protocol.
 */
export async function ask(client: Client, command: Record<string, unknown>): Promise<Reply | undefined> {
  if (!client.expectsCrashes) {
    const reply = await whileOpen(client, () => client.ask(command, { patient: false }));
    if (reply?.error?.code !== 'unauthenticated') return reply;
    // Its user was banned: the close is on its way.
    await client.closed;
    return undefined;
  }
  const id = typeof command.id === 'string' ? command.id : nextId();
  const reply = await askThroughCrashes(client, { ...command, id }, id);
  if (reply?.error?.code !== 'unauthenticated') return reply;
  client.terminate();
  return undefined;
}

async function askThroughCrashes(client: Client, command: object, id: string): Promise<Reply | undefined> {
  const from = client.frames.length;
  const since = performance.now();
  let crashes = client.crashes;
  client.sendRaw(JSON.stringify(command));
  for (;;) {
    try {
      return await client.nextReply(from, id, CRASH_PATIENCE);
    } catch (error) {
      if (client.fault) throw error;
      if (client.end || !client.isOpen) return undefined;
      if (performance.now() - since > REPLY_LIMIT) throw error;
      if (client.crashes === crashes) continue;
      crashes = client.crashes;
      client.sendRaw(JSON.stringify(command));
    }
  }
}

/** Whether an answer says that the same may succeed later. */
export function isTransient(code: string): boolean {
  return code === 'unavailable' || code === 'rate_limited';
}
