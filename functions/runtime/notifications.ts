/** What functions notify with: the queue of messages that are worth it, and the topic. */
import { serviceOrigin } from '../../shared/aws/client.ts';
import { createQueue } from '../../shared/aws/queue.ts';
import { createTopic, TopicRefusal } from '../../shared/aws/topic.ts';
import type { NotificationTask } from '../../shared/chat/notification.ts';
import { type NotifyTools, NotPublished } from '../../shared/chat/notify.ts';
import { createLane } from '../../shared/delivery/lane.ts';
import { tellNotification } from '../../shared/delivery/tell-moment.ts';
import { ENV } from '../../shared/environment.ts';
import { getMoments } from './moments.ts';
import type { Runtime } from './runtime.ts';

/** People who are notified at once, by plan, and for how long one counts. */
const PEOPLE_AT_ONCE = 25;
const PATIENCE_MS = 3_000;

/** Has a message looked at, now or once there was time to read it. */
export type NotifyLater = (task: NotificationTask, when: 'now' | 'later') => Promise<void>;

/**
 * The queue that `queues/notify` reads.
 *
 * @throws {Error} where the environment names no queue or no delay.
 */
export function createNotifyLater({ send, environment }: Pick<Runtime, 'send' | 'environment'>): NotifyLater {
  const url = environment[ENV.notificationQueue];
  const delaySeconds = Number(environment[ENV.notificationDelaySeconds] || Number.NaN);
  if (!url) throw new Error(`unable to start; ${ENV.notificationQueue} is not set`);
  if (!(delaySeconds >= 0)) throw new Error(`unable to start; ${ENV.notificationDelaySeconds} is no number`);
  const queue = createQueue({ send, origin: serviceOrigin('sqs', environment), url });
  return (task, when) => queue.send(task, when === 'later' ? delaySeconds : 0);
}

/** @throws {Error} where the environment names no topic. */
export function createNotifyTools({ context, send, environment, logger }: Runtime): NotifyTools {
  const arn = environment[ENV.notificationTopic];
  if (!arn) throw new Error(`unable to start; ${ENV.notificationTopic} is not set`);
  const topic = createTopic({ send, origin: serviceOrigin('sns', environment), arn });
  return {
    context,
    lane: createLane(PEOPLE_AT_ONCE, PATIENCE_MS),
    async publish(notification) {
      const { user, room, kind } = notification;
      try {
        await topic.publish(notification, { user, room, kind });
      } catch (error) {
        if (!(error instanceof TopicRefusal)) throw error;
        throw new NotPublished(`unable to publish; ${error.code}`, { cause: error });
      }
    },
    tell: (notification) => tellNotification(getMoments(), notification),
    doubted: ({ id, room, seq }, error) =>
      logger.error('notification in doubt', error, { notification: id, room, seq }),
  };
}
