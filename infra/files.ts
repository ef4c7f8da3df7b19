import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ENV } from '../shared/environment.ts';
import { Handler } from './handler.ts';
import type { Settings } from './settings.ts';
import type { Tables } from './tables.ts';
import { createTaskQueue } from './task-queue.ts';
import { websiteOrigins } from './website-origins.ts';

/** Copying five gigabytes within S3 takes a minute or two; a thumbnail half a minute at most. */
const TIMEOUT = Duration.minutes(5);
/** How often a task that fails is tried before it waits for a person. */
const TRIES = 5;
/** Uploads come here, and what was looked at lies there: functions/runtime and shared/chat/file-store.ts say the same. */
const UPLOADS = 'uploads/';
const KEPT = 'files/';
/** Here the parts of large files become one, and stay. */
const PARTS = 'parts/';
/** An upload that was not looked at by then was never finished. */
const UPLOAD_LIFE = Duration.days(1);
/** Longer than a file waits for its message: a day (shared/chat/files.ts). */
const UNATTACHED_LIFE = Duration.days(2);
const S3 = 's3.amazonaws.com';

/** Where files lie: they come and go by addresses that the HTTP API signs, and are looked at in between. */
export class Files extends Construct {
  readonly bucket: s3.Bucket;
  readonly handler: Handler;
  /** What could not be done with a file; an alarm watches it. */
  readonly failures: sqs.Queue;
  readonly queue: sqs.Queue;

  constructor(scope: Construct, id: string, settings: Settings, tables: Tables) {
    super(scope, id);
    ({ queue: this.queue, failures: this.failures } = createTaskQueue(this, {
      timeout: TIMEOUT,
      tries: TRIES,
    }));
    const origins = [...settings.allowedOrigins, ...websiteOrigins(settings)];
    this.bucket = new s3.Bucket(this, 'Bucket', {
      encryption: s3.BucketEncryption.S3_MANAGED,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      removalPolicy: settings.keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      ...(origins.length > 0 && { cors: [cors(origins)] }),
      lifecycleRules: [
        { prefix: UPLOADS, expiration: UPLOAD_LIFE, abortIncompleteMultipartUploadAfter: UPLOAD_LIFE },
        { prefix: PARTS, abortIncompleteMultipartUploadAfter: UPLOAD_LIFE },
        ...[KEPT, PARTS].map((prefix) => ({
          prefix,
          tagFilters: { state: 'unattached' },
          expiration: UNATTACHED_LIFE,
        })),
      ],
    });
    this.#notify();

    this.handler = new Handler(this, 'Keeper', {
      settings,
      entry: 'queues/keep-files',
      description: 'Looks at uploads, makes thumbnails, and lets files stay or go with their message',
      timeout: TIMEOUT,
      // A whole virtual processor for thumbnails, of which the largest take 560 MB (functions/queues/thumbnails).
      memorySize: 1_769,
    });
    // The files' own items.
    tables.chat.bind(this.handler, { actions: ['GetItem', 'UpdateItem', 'DeleteItem'], keys: ['ROOM#*'] });
    this.handler.addEnvironment(ENV.filesBucket, this.bucket.bucketName);
    // It reads an upload's beginning, copies what is good, with a mark, and deletes the upload; what came in parts stays where it is.
    this.handler.allow(['s3:GetObject', 's3:DeleteObject'], [this.#objects(UPLOADS), this.#objects(PARTS)]);
    // Of what it copied it makes thumbnails, which lie beside it.
    this.handler.allow(['s3:PutObject', 's3:PutObjectTagging', 's3:GetObject'], [this.#objects(KEPT)]);
    // The mark goes when a message has the file; the file goes with the message.
    this.handler.allow(['s3:DeleteObjectTagging'], [this.#objects(KEPT), this.#objects(PARTS)]);
    this.handler.allow(['s3:DeleteObject'], [this.#objects(KEPT)]);
    this.handler.addEventSource(
      new SqsEventSource(this.queue, { batchSize: 1, reportBatchItemFailures: true }),
    );
  }

  /** Lets a function sign forms and addresses for uploads, and addresses of files; and take uploads in parts. */
  bindSigner(handler: Handler): void {
    handler.addEnvironment(ENV.filesBucket, this.bucket.bucketName);
    handler.allow(['s3:PutObject'], [this.#objects(UPLOADS), this.#objects(PARTS)]);
    // It begins uploads in parts itself, with the mark, and sees what came before it makes them one.
    handler.allow(['s3:PutObjectTagging', 's3:ListMultipartUploadParts'], [this.#objects(PARTS)]);
    handler.allow(['s3:GetObject'], [this.#objects(KEPT), this.#objects(PARTS)]);
  }

  /** Lets a function say what became of messages with files. */
  bind(handler: Handler): void {
    handler.addEnvironment(ENV.filesQueue, this.queue.queueUrl);
    handler.allow(['sqs:SendMessage'], [this.queue.queueArn]);
  }

  #objects(prefix: string): string {
    return this.bucket.arnForObjects(`${prefix}*`);
  }

  /**
   * By the bucket's own property, not by the library's custom resource, which would add a function in Python. The queue's policy goes
   * by the account and not by the bucket, or each would have to be there before the other.
   */
  #notify(): void {
    const granted = this.queue.addToResourcePolicy(
      new iam.PolicyStatement({
        principals: [new iam.ServicePrincipal(S3)],
        actions: ['sqs:SendMessage'],
        resources: [this.queue.queueArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    const resource = this.bucket.node.defaultChild as s3.CfnBucket;
    resource.notificationConfiguration = {
      queueConfigurations: [UPLOADS, PARTS].map((value) => ({
        event: 's3:ObjectCreated:*',
        queue: this.queue.queueArn,
        filter: { s3Key: { rules: [{ name: 'prefix', value }] } },
      })),
    };
    const policy = granted.policyDependable;
    if (policy) resource.node.addDependency(policy);
  }
}

/** Forms and parts come from the pages of the service, downloads are read by them; a part's `ETag` says that it came. */
function cors(allowedOrigins: readonly string[]): s3.CorsRule {
  return {
    allowedOrigins: [...allowedOrigins],
    allowedMethods: [s3.HttpMethods.GET, s3.HttpMethods.POST, s3.HttpMethods.PUT],
    allowedHeaders: ['*'],
    exposedHeaders: ['ETag'],
    maxAge: 7_200,
  };
}
