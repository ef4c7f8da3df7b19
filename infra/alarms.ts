import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as sns from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Handler } from './handler.ts';
import type { Parts } from './parts.ts';
import type { Settings } from './settings.ts';

const MINUTE = Duration.minutes(1);

interface Alarm {
  /** What a person woken by it reads first. */
  readonly says: string;
  /** Heading in docs/runbook.md that says what to do, as an anchor. */
  readonly section: string;
  readonly metric: cloudwatch.IMetric;
  readonly threshold: number;
  /** Minutes of the last five in which it must be so; once is enough by default. */
  readonly minutes?: number;
}

/** Alarms for what a user would notice, or what would be lost if nobody looked; each names its section of the runbook. */
export class Alarms extends Construct {
  readonly #topic: sns.ITopic | undefined;

  constructor(scope: Construct, id: string, settings: Settings, parts: Parts) {
    super(scope, id);
    this.#topic = this.#makeTopic(settings);
    const { tables, webSocketApi, httpApi, log, fanOut, settler } = parts;
    const { presence, watch, erasure, files, notifications, retention, webhook } = parts;
    this.#add('FailureQueue', {
      says: 'A reader of the log gave up on events: they wait in the failure queue',
      section: 'failure-queue',
      metric: waiting(log.failures),
      threshold: 1,
    });
    this.#add('DeliveryLate', {
      says: 'Events reach clients more than ten seconds late',
      section: 'delivery-late',
      metric: iteratorAge(fanOut.handler),
      threshold: 10_000,
      minutes: 3,
    });
    this.#add('SettlingLate', {
      says: 'Committed events wait for a minute to be settled; at 1,000 a room takes no more',
      section: 'settling-late',
      metric: iteratorAge(settler.handler),
      threshold: 60_000,
      minutes: 3,
    });
    this.#add('PresenceLate', {
      says: 'Who comes and goes is told a minute late',
      section: 'presence-late',
      metric: iteratorAge(presence.handler),
      threshold: 60_000,
      minutes: 3,
    });
    this.#add('ClosingLate', {
      says: 'Connections whose token or session has ended wait to be closed',
      section: 'closing-late',
      metric: waiting(watch.queue),
      // A message that may be read is read within a moment: so many at once, minute after minute, are not.
      threshold: 100,
      minutes: 3,
    });
    this.#add('ErasureFailures', {
      says: 'A deleted account could not be erased: it waits in the queue of erasures that failed',
      section: 'erasure-failures',
      metric: waiting(erasure.failures),
      threshold: 1,
    });
    this.#add('FileFailures', {
      says: 'An upload could not be looked at, or a file of a deleted message could not be deleted',
      section: 'file-failures',
      metric: waiting(files.failures),
      threshold: 1,
    });
    this.#add('NotificationFailures', {
      says: 'Nobody could be notified of a message: it waits in the queue of notifications that failed',
      section: 'notification-failures',
      metric: waiting(notifications.failures),
      threshold: 1,
    });
    if (webhook) {
      this.#add('WebhookFailures', {
        says: 'The webhook did not take notifications for hours: they wait in the queue of calls that failed',
        section: 'webhook-failures',
        metric: waiting(webhook.failures),
        threshold: 1,
      });
    }
    this.#add('RetentionFailures', {
      says: 'A room’s older messages could not be brought under its shorter retention',
      section: 'retention-failures',
      metric: waiting(retention.failures),
      threshold: 1,
    });
    this.#add('HttpErrors', {
      says: 'The HTTP API answers with 5xx',
      section: 'http-errors',
      metric: httpApi.api.metricServerError({ statistic: 'Sum', period: MINUTE }),
      threshold: 5,
    });
    this.#add('WebSocketErrors', {
      says: 'WebSocket handlers fail',
      section: 'websocket-errors',
      metric: webSocketApi.api.metric('IntegrationError', {
        dimensionsMap: { ApiId: webSocketApi.api.apiId, Stage: webSocketApi.stage.stageName },
        statistic: 'Sum',
        period: MINUTE,
      }),
      threshold: 5,
    });
    this.#add('LambdaThrottles', {
      says: 'Lambda refuses invocations in this region: the account’s concurrency is used up',
      section: 'lambda-throttles',
      // Without a function's name it counts the account, whose concurrency is what runs out.
      metric: new cloudwatch.Metric({
        namespace: 'AWS/Lambda',
        metricName: 'Throttles',
        statistic: 'Sum',
        period: MINUTE,
      }),
      threshold: 1,
      minutes: 2,
    });
    this.#add('TableThrottles', {
      says: 'DynamoDB refuses writes to Chat: a room is hotter than a partition',
      section: 'table-throttles',
      metric: tables.chat.metric('WriteThrottleEvents', { statistic: 'Sum', period: MINUTE }),
      threshold: 10,
      minutes: 2,
    });
    if (tables.search) {
      this.#add('SearchThrottles', {
        says: 'DynamoDB refuses writes to Search: the settler waits, and at 1,000 unsettled events a room takes no more',
        section: 'search-throttles',
        metric: tables.search.metric('WriteThrottleEvents', { statistic: 'Sum', period: MINUTE }),
        threshold: 10,
        minutes: 3,
      });
    }
  }

  #add(id: string, { says, section, metric, threshold, minutes = 1 }: Alarm): void {
    const alarm = new cloudwatch.Alarm(this, id, {
      alarmDescription: `${says}. What to do: docs/runbook.md#${section}`,
      metric,
      threshold,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: minutes === 1 ? 1 : 5,
      datapointsToAlarm: minutes,
      // No traffic is no trouble.
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    });
    if (this.#topic !== undefined) alarm.addAlarmAction(new SnsAction(this.#topic));
  }

  #makeTopic({ alarmEmail, alarmTopicArn }: Settings): sns.ITopic | undefined {
    if (alarmTopicArn !== undefined) return sns.Topic.fromTopicArn(this, 'Topic', alarmTopicArn);
    if (alarmEmail === undefined) return undefined;
    const topic = new sns.Topic(this, 'Topic', { displayName: 'Parley alarms' });
    topic.addSubscription(new EmailSubscription(alarmEmail));
    return topic;
  }
}

/** Age of the newest record that a reader of the log has taken, milliseconds. */
export function iteratorAge(handler: Handler): cloudwatch.IMetric {
  return handler.metric('IteratorAge', { statistic: 'Maximum', period: MINUTE });
}

/** Messages of a queue that may be received now. */
function waiting(queue: sqs.IQueue): cloudwatch.IMetric {
  return queue.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum', period: MINUTE });
}
