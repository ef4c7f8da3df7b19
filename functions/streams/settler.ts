import { closeBanned } from '../../shared/chat/connection-watch.ts';
import type { ChatContext } from '../../shared/chat/context.ts';
import { handMessagesOn } from '../../shared/chat/notification.ts';
import { settle } from '../../shared/chat/settle.ts';
import { handDeletedOn, isAccount } from '../../shared/delivery/deleted-accounts.ts';
import { closeEndedSessions, isSession } from '../../shared/delivery/ended-sessions.ts';
import { forgetExpiredEvents, isExpiredEvent } from '../../shared/delivery/expired-events.ts';
import {
  type BatchAnswer,
  handleByRoom,
  type StreamEvent,
  type StreamRecord,
} from '../../shared/delivery/stream-records.ts';
import { createWatch } from '../runtime/connection-watch.ts';
import { createErasureQueue } from '../runtime/erasure-queue.ts';
import { createFileQueue } from '../runtime/files.ts';
import { createNotifyLater } from '../runtime/notifications.ts';
import { once } from '../runtime/once.ts';
import { getRuntime } from '../runtime/runtime.ts';
import { createTrimQueue } from '../runtime/trim-queue.ts';

const getWatch = once(() => createWatch(getRuntime()));
const getFiles = once(() => createFileQueue(getRuntime()));
const getTrims = once(() => createTrimQueue(getRuntime()));
const getErasures = once(() => createErasureQueue(getRuntime()));
const getNotifyLater = once(() => createNotifyLater(getRuntime()));

/** What is left to queues: a message's files, a room's older messages. */
const queues: Pick<ChatContext, 'followFiles' | 'trimRoom'> = {
  followFiles: (task) => getFiles().send(task),
  trimRoom: (task) => getTrims().send(task),
};

/**
 * Completes what the Chat table's stream tells of, whatever became of the handlers that began it: committed events, ended sessions,
 * deleted accounts, events whose time was over.
 */
export async function handler({ Records }: StreamEvent): Promise<BatchAnswer> {
  const { context, logger } = getRuntime();
  const ctx = { ...context, ...queues };
  const isOther = (record: StreamRecord) => isSession(record) || isAccount(record) || isExpiredEvent(record);
  const answers = await Promise.all([
    handleByRoom(
      { Records: Records.filter((record) => !isOther(record)) },
      async ({ room, committed }) => {
        await settle(ctx, room, committed);
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
    forgetExpiredEvents(ctx, { Records: Records.filter(isExpiredEvent) }, (error) =>
      logger.error('expired event not forgotten', error),
    ),
  ]);
  return { batchItemFailures: answers.flatMap(({ batchItemFailures }) => batchItemFailures) };
}
