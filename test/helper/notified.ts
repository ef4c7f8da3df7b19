/** What is notified in a test: published and told, to nobody but the test. */
import type { ChatContext } from '../../shared/chat/context.ts';
import { handMessagesOn, type Notification, type NotificationTask } from '../../shared/chat/notification.ts';
import { type NotifyTools, notify } from '../../shared/chat/notify.ts';
import type { RoomId } from '../../shared/protocol/ids.ts';
import { readLog } from './chat.ts';

export interface Notified {
  readonly tools: NotifyTools;
  readonly published: Notification[];
  readonly told: Notification[];
  readonly doubts: Notification[];
  /** Takes the place of the topic; may fail as it would. */
  publish: (notification: Notification) => Promise<void>;
}

export function notifying(context: ChatContext): Notified {
  const notified: Notified = {
    published: [],
    told: [],
    doubts: [],
    publish: async (notification) => {
      notified.published.push(notification);
    },
    tools: {
      context,
      publish: (notification) => notified.publish(notification),
      tell: async (notification) => {
        notified.told.push(notification);
      },
      lane: (task) => task(),
      doubted: (notification) => {
        notified.doubts.push(notification);
      },
    },
  };
  return notified;
}

/** What the settler hands on of a room's log. */
export async function tasksOf(ctx: ChatContext, room: RoomId, from = 1): Promise<NotificationTask[]> {
  const tasks: NotificationTask[] = [];
  const events = (await readLog(ctx, room)).filter(({ event }) => event.seq >= from);
  await handMessagesOn(ctx, room, events, async (task) => {
    tasks.push(task);
  });
  return tasks;
}

/** Sees to a task, page after page. @returns how many pages it took. */
export async function notifyAll(tools: NotifyTools, task: NotificationTask): Promise<number> {
  let pages = 0;
  for (let next: NotificationTask | undefined = task; next; pages++) next = await notify(tools, next);
  return pages;
}
