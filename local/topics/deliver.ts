import type { SubscriptionModel } from '../assembly/model.ts';
import { reasonOf } from '../errors.ts';
import type { LambdaService } from '../lambda/service.ts';
import type { QueueService } from '../services/queues.ts';
import { compilePolicy } from './filter-policy.ts';
import { lambdaEvent, type Notification, queueMessage, rawQueueMessage } from './notification.ts';

export interface DeliveryOptions {
  readonly lambda: () => LambdaService;
  readonly queues: QueueService;
  readonly log: (text: string) => void;
}

/** Hands one message to one subscription, if its policy lets it through. Never rejects. */
export type Deliver = (notification: Notification) => Promise<void>;

/**
 * A function is invoked asynchronously, so that it is Lambda that tries again. What a queue refuses is not tried again,
 * as SNS does with an error of the client: it goes to the subscription's dead-letter queue, or is told and lost.
 *
 * @throws PatternError for a filter policy that can't be read
 */
export function createDelivery(subscription: SubscriptionModel, options: DeliveryOptions): Deliver {
  const { arn, protocol, endpoint, deadLetterArn, raw } = subscription;
  const { queues, lambda, log } = options;
  const passes = compilePolicy(subscription.filterPolicy, subscription.filterPolicyScope);
  const messageOf = raw ? rawQueueMessage : queueMessage;
  const send = (queueArn: string, notification: Notification): Promise<unknown> =>
    queues.call('SendMessage', queues.urlOf(queueArn) ?? queueArn, messageOf(notification));
  const hand: (notification: Notification) => Promise<unknown> =
    protocol === 'lambda'
      ? (notification) => lambda().invoke(endpoint, lambdaEvent(notification, arn), 'Event')
      : (notification) => send(endpoint, notification);
  return async (notification) => {
    if (!passes(notification, protocol)) return;
    try {
      await hand(notification);
    } catch (error) {
      log(`unable to deliver to ${arn}; ${reasonOf(error)}`);
      if (deadLetterArn === undefined) return;
      await send(deadLetterArn, notification).catch((reason: unknown) =>
        log(`unable to keep what ${arn} did not take; ${reasonOf(reason)}`),
      );
    }
  };
}
