/** From the stream's records of accounts whose deletion has begun to the queue of those whose traces are to be rewritten. */
import type { Erasure } from '../chat/erase-account.ts';
import { readAccountKey } from '../data/keys.ts';
import type { BatchAnswer, StreamEvent, StreamRecord } from './stream-records.ts';

/** Whether a record is about an account; of those only begun deletions come (infra/settler.ts). */
export function isAccount({ dynamodb }: StreamRecord): boolean {
  return dynamodb?.Keys?.pk?.S?.startsWith('ACCOUNT#') ?? false;
}

/**
 * Hands each deleted account on. The deletion was answered when its mark was stored; this is what makes sure that it is done.
 *
 * @param failed hears of each failure; the record comes again.
 */
export async function handDeletedOn(
  event: StreamEvent,
  send: (task: Erasure) => Promise<void>,
  failed: (error: unknown) => void,
): Promise<BatchAnswer> {
  const failures: string[] = [];
  await Promise.all(
    event.Records.map(async ({ dynamodb }) => {
      try {
        await send({ user: readAccountKey(dynamodb?.Keys?.pk?.S ?? ''), round: 1 });
      } catch (error) {
        failures.push(dynamodb?.SequenceNumber ?? '');
        failed(error);
      }
    }),
  );
  return { batchItemFailures: failures.map((itemIdentifier) => ({ itemIdentifier })) };
}
