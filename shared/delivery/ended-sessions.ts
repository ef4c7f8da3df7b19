/** From the stream's records of removed sessions to the connections that they held open (P9). */
import { type WatchContext, watchUnclosed } from '../chat/connection-watch.ts';
import { closeConnections } from '../chat/revocation.ts';
import { readSessionKey, SESSION_PREFIX } from '../data/keys.ts';
import type { BatchAnswer, StreamEvent, StreamRecord } from './stream-records.ts';

/** Whether a record is about a session; of those only removals come (infra/settler.ts). */
export function isSession({ dynamodb }: StreamRecord): boolean {
  return dynamodb?.Keys?.sk?.S?.startsWith(SESSION_PREFIX) ?? false;
}

/**
 * Closes what an ended session has open. Whoever ended it has usually done so; where that handler died, or a connection was just
 * opening, it is done here.
 *
 * @param failed hears of each failure.
 */
export async function closeEndedSessions(
  ctx: WatchContext,
  event: StreamEvent,
  failed: (error: unknown) => void,
): Promise<BatchAnswer> {
  const failures: string[] = [];
  await Promise.all(
    event.Records.map(async ({ dynamodb }) => {
      try {
        const { pk, sk } = dynamodb?.Keys ?? {};
        const { user, session } = readSessionKey({ pk: pk?.S ?? '', sk: sk?.S ?? '' });
        const whose = { user, session, code: 'session_revoked', reconnect: false } as const;
        await watchUnclosed(ctx, await closeConnections(ctx, whose));
      } catch (error) {
        failures.push(dynamodb?.SequenceNumber ?? '');
        failed(error);
      }
    }),
  );
  return { batchItemFailures: failures.map((itemIdentifier) => ({ itemIdentifier })) };
}
