/** Opens the buckets of a stack on the server that waits for them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ResourcePolicies } from '../access/resource-policy.ts';
import type { AssemblyModel } from '../assembly/model.ts';
import type { LambdaService } from '../lambda/service.ts';
import type { CredentialRegistry } from '../services/credentials.ts';
import type { QueueService } from '../services/queues.ts';
import { BucketStore } from './bucket-store.ts';
import { putContents } from './contents.ts';
import { Lifecycle } from './lifecycle.ts';
import { type BucketEvent, Notifier } from './notifications.ts';
import type { OpenBucket } from './operation.ts';
import type { StorageOptions, StorageServer } from './storage.ts';

export interface OpenStorageOptions {
  readonly model: AssemblyModel;
  readonly server: StorageServer;
  /** Where objects are kept; without it in a temporary folder, on the disk and not in memory, as they may be large. */
  readonly directory?: string;
  readonly credentials: CredentialRegistry;
  readonly seams: StorageOptions['seams'];
  readonly lambda: LambdaService;
  readonly queues: QueueService;
  /** How long a day of lifecycle rules is, milliseconds. */
  readonly dayMs?: number;
  readonly log: (text: string) => void;
}

/** Who did not sign is no service and no role: only what is for all is for them. */
const ANYBODY = { service: '' };

export interface OpenStorage {
  close(): Promise<void>;
}

/** @throws EngineError `database_foreign`, `property_unsupported` */
export async function openStorage(options: OpenStorageOptions): Promise<OpenStorage> {
  const { model, server, credentials, seams, log, dayMs } = options;
  const folder = options.directory ?? (await mkdtemp(path.join(tmpdir(), 'local-engine-s3-')));
  const release = async () => {
    if (options.directory === undefined) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const buckets: OpenBucket[] = [];
    for (const bucket of model.buckets) {
      buckets.push({ model: bucket, store: await BucketStore.open(path.join(folder, bucket.name)) });
    }
    const notifier = new Notifier({ model, lambda: options.lambda, queues: options.queues, log });
    const notify = (event: BucketEvent) => notifier.notify(event);
    const now = () => Date.now();
    const find = (accessKeyId: string) => credentials.find(accessKeyId);
    const policies = new ResourcePolicies(model.resourcePolicies, model.account);
    server.open(buckets, {
      verifier: { region: model.region, find, now },
      seams,
      isOpenTo: (caller, { action, resource, context }) =>
        policies.decide(caller ?? ANYBODY, action, resource, () => ({
          // On AWS the way there is TLS, as a policy may ask for.
          'aws:securetransport': ['true'],
          ...(caller && { 'aws:sourcearn': [caller.sourceArn], 'aws:sourceaccount': [model.account] }),
          ...context?.(),
        })) === 'allow',
      notify,
      log,
    });
    for (const bucket of buckets) {
      notifier.test(bucket.model);
      await putContents(bucket, notify, now);
    }
    const lifecycle = new Lifecycle({ buckets, notify, now, log, ...(dayMs !== undefined && { dayMs }) });
    lifecycle.start();
    return {
      async close() {
        await lifecycle.close();
        await release();
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}
