/**
 * Tells functions and queues what happened in a bucket. The form of an event:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
 */
import { randomBytes } from 'node:crypto';
import type { BucketNotification } from '../assembly/bucket-model.ts';
import type { AssemblyModel, BucketModel } from '../assembly/model.ts';
import { reasonOf } from '../errors.ts';
import type { LambdaService } from '../lambda/service.ts';
import type { QueueService } from '../services/queues.ts';
import { uriEncode } from './signature.ts';

export interface BucketEvent {
  readonly bucket: BucketModel;
  /** For example `ObjectCreated:Put`. */
  readonly name: string;
  readonly key: string;
  /** Of an object that is there; without its quotes. */
  readonly object?: { readonly size: number; readonly etag: string };
}

export interface NotifierOptions {
  readonly model: Pick<AssemblyModel, 'region' | 'stackName'>;
  readonly lambda: LambdaService;
  readonly queues: QueueService;
  readonly log: (text: string) => void;
}

/** Sends what a bucket's configuration asks for, later and in no order, as S3 does. */
export class Notifier {
  readonly #options: NotifierOptions;
  #sequence = BigInt(Date.now()) << 20n;

  constructor(options: NotifierOptions) {
    this.#options = options;
  }

  /** What S3 sends to a queue when it is told to notify it. */
  test(bucket: BucketModel): void {
    for (const { destination } of bucket.notifications) {
      if (destination.kind !== 'queue') continue;
      void this.#send(bucket, destination, {
        Service: 'Amazon S3',
        Event: 's3:TestEvent',
        Time: new Date().toISOString(),
        Bucket: bucket.name,
        RequestId: requestId(),
        HostId: requestId(),
      });
    }
  }

  notify(event: BucketEvent): void {
    for (const notification of event.bucket.notifications) {
      if (!wants(notification, event)) continue;
      void this.#send(event.bucket, notification.destination, {
        Records: [this.#record(event, notification.configurationId)],
      });
    }
  }

  #record({ bucket, name, key, object }: BucketEvent, configurationId: string) {
    this.#sequence += 1n;
    return {
      eventVersion: '2.1',
      eventSource: 'aws:s3',
      awsRegion: this.#options.model.region,
      eventTime: new Date().toISOString(),
      eventName: name,
      userIdentity: { principalId: 'AWS:LOCAL' },
      requestParameters: { sourceIPAddress: '127.0.0.1' },
      responseElements: { 'x-amz-request-id': requestId(), 'x-amz-id-2': requestId() },
      s3: {
        s3SchemaVersion: '1.0',
        configurationId,
        bucket: { name: bucket.name, ownerIdentity: { principalId: 'LOCAL' }, arn: bucket.arn },
        object: {
          // Encoded as in a form: a slash stays, a space becomes a plus.
          key: uriEncode(key).replaceAll('%2F', '/').replaceAll('%20', '+'),
          ...(object && { size: object.size, eTag: object.etag }),
          sequencer: this.#sequence.toString(16).toUpperCase().padStart(18, '0'),
        },
      },
    };
  }

  async #send(bucket: BucketModel, to: BucketNotification['destination'], message: object): Promise<void> {
    const { lambda, queues, log } = this.#options;
    try {
      if (to.kind === 'function') await lambda.invoke(to.arn, message, 'Event');
      else {
        const url = queues.urlOf(to.arn) ?? to.arn;
        await queues.call('SendMessage', url, { MessageBody: JSON.stringify(message) });
      }
    } catch (error) {
      log(`unable to notify ${to.arn} of ${bucket.name}; ${reasonOf(error)}`);
    }
  }
}

function wants({ events, prefix, suffix }: BucketNotification, { name, key }: BucketEvent): boolean {
  const isNamed = events.some((wanted) => {
    const plain = wanted.replace(/^s3:/, '');
    return plain.endsWith(':*') ? name.startsWith(plain.slice(0, -1)) : name === plain;
  });
  return isNamed && key.startsWith(prefix) && key.endsWith(suffix);
}

/** Sixteen characters, as S3's. */
export function requestId(): string {
  return randomBytes(8).toString('hex').toUpperCase();
}
