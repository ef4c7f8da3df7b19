import type { Client } from './client.ts';

/** How the service ended a connection: what it said last, once the socket is closed. */
export async function untilClosed(
  client: Client,
  limit: number,
): Promise<{ readonly code: string; readonly reconnect: boolean } | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the connection was not closed within ${limit} ms`)), limit);
  });
  try {
    await Promise.race([client.closed, late]);
  } finally {
    clearTimeout(timer);
  }
  const last = client.frames.at(-1);
  return last?.type === 'closing' ? { code: last.code, reconnect: last.reconnect } : undefined;
}
