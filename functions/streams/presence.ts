import { type ConnectionRecord, readConnectionRecords } from '../../shared/delivery/presence-records.ts';
import type { BatchAnswer } from '../../shared/delivery/stream-records.ts';
import { followUser } from '../../shared/delivery/tell-presence.ts';
import { getRuntime } from '../runtime/runtime.ts';
import { getPresence } from './presence-environment.ts';

/** Follows the Connections table's stream: who came online or went offline is told to those who share a room. */
export async function handler(event: {
  readonly Records: readonly ConnectionRecord[];
}): Promise<BatchAnswer> {
  const { logger } = getRuntime();
  const { news, unreadable } = readConnectionRecords(event.Records);
  if (unreadable.length > 0)
    logger.error('records not read', new Error(`${unreadable.length} records can't be read`));
  const failures = new Set(unreadable);
  await Promise.all(
    news.map(async (one) => {
      try {
        await followUser(getPresence(), one);
      } catch (error) {
        failures.add(one.firstRecord);
        logger.error('presence not told', error, { user: one.user });
      }
    }),
  );
  return { batchItemFailures: [...failures].map((itemIdentifier) => ({ itemIdentifier })) };
}
