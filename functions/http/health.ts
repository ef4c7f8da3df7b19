/** Whether the service can do its work: both tables answer a read. */
import { chatKeys, connectionKeys } from '../../shared/data/keys.ts';
import { ParleyError } from '../../shared/protocol/errors.ts';
import { Health } from '../../shared/protocol/rest.ts';
import { openEndpoint } from './endpoint.ts';

/** Milliseconds that the storage has: load balancers and monitors wait a few seconds at most. */
const TIMEOUT_MS = 2_000;

const health = openEndpoint(
  {
    method: 'GET',
    path: '/health',
    operation: 'tell the health',
    summary: 'Whether the service can do its work; `unavailable` where its storage does not answer.',
    tag: 'Service',
    status: 200,
    answer: Health,
  },
  async ({ services }) => {
    const { chat, connections } = services.context;
    const reads = Promise.all([
      chat.get(chatKeys.publicKeys()),
      connections.get(connectionKeys.ticket('health'), { consistent: false }),
    ]);
    await within(TIMEOUT_MS, reads);
    return { status: 'ok' as const, version: services.version };
  },
);

/** @throws {ParleyError} `unavailable` when the time is over. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new ParleyError('unavailable', 'tell the health', 'the storage does not answer')),
      ms,
    );
  });
  try {
    await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
    // Its failure after the time-out concerns nobody any more.
    work.catch(() => undefined);
  }
}

export const healthEndpoints = [health];
