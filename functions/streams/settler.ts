import { closeBanned } from '../../shared/chat/connection-watch.ts';
import type { FileTask } from '../../shared/chat/file-store.ts';
import { handMessagesOn } from '../../shared/chat/notification.ts';
import { settle } from '../../shared/chat/settle.ts';
import { handDeletedOn, isAccount } from '../../shared/delivery/deleted-accounts.ts';
import { closeEndedSessions, isSession } from '../../shared/delivery/ended-sessions.ts';
import { type BatchAnswer, handleByRoom, type StreamEvent } from '../../shared/delivery/stream-records.ts';
import { createWatch } from '../runtime/connection-watch.ts';
import { createErasureQueue } from '../runtime/erasure-queue.ts';
import { createFileQueue } from '../runtime/files.ts';
import { createNotifyLater } from '../runtime/notifications.ts';
import { once } from '../runtime/once.ts';
import { getRuntime } from '../runtime/runtime.ts';

const getWatch = once(() => createWatch(getRuntime()));
const getFiles = once(() => createFileQueue(getRuntime()));
const getErasures = once(() => createErasureQueue(getRuntime()));
const getNotifyLater = once(() => createNotifyLater(getRuntime()));

/** What is left to do with a message's files. */
const followFiles = (task: FileTask) => getFiles().send(task);

/**
 * Completes what the Chat table's stream tells of, whatever became of the handlers that began it: committed events, ended sessions,
 * deleted accounts.
 */
export async function handler({ Records }: StreamEvent): Promise<BatchAnswer> {
  const { context, logger } = getRuntime();
  const answers = await Promise.all([
    handleByRoom(
      { Records: Records.filter((record) => !isSession(record) && !isAccount(record)) },
      async ({ room, committed }) => {
        await settle({ ...context, followFiles }, room, committed);
        await closeBanned(getWatch(), committed);
        await handMessagesOn(context, room, committed, (task) => getNotifyLater()(task, 'later'));
      },
      (error, room) => logger.error('events not settled', error, { room }),
    ),
    closeEndedSessions(getWatch(), { Records: Records.filter(isSession) }, (error) =>
      logger.error('connections of an ended session not closed', error),
    ),
    handDeletedOn(
      { Records: Records.filter(isAccount) },
      (task) => getErasures().send(task),
      (error) => logger.error('deleted account not handed on', error),
    ),
  ]);
  return { batchItemFailures: answers.flatMap(({ batchItemFailures }) => batchItemFailures) };
}
