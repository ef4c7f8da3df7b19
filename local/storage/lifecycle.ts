/** Takes away what a bucket's rules say is old. https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-expire-general-considerations.html */
import type { LifecycleRule } from '../assembly/bucket-model.ts';
import { reasonOf } from '../errors.ts';
import type { StoredObject, Upload } from './bucket-store.ts';
import type { BucketEvent } from './notifications.ts';
import type { OpenBucket } from './operation.ts';

export const DAY_MS = 86_400_000;
/** How often it is looked, unless a day is shorter; AWS looks once a day. */
const LONGEST_PAUSE_MS = 60_000;

export interface LifecycleOptions {
  readonly buckets: readonly OpenBucket[];
  readonly notify: (event: BucketEvent) => void;
  readonly now: () => number;
  /** How long a day of the rules is, milliseconds: shorter, one need not wait for it. */
  readonly dayMs?: number;
  readonly log: (text: string) => void;
}

export class Lifecycle {
  readonly #options: LifecycleOptions;
  readonly #dayMs: number;
  #timer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> | undefined;

  constructor(options: LifecycleOptions) {
    this.#options = options;
    this.#dayMs = options.dayMs ?? DAY_MS;
  }

  start(): void {
    if (this.#options.buckets.every(({ model }) => model.lifecycle.length === 0)) return;
    const pause = Math.min(LONGEST_PAUSE_MS, Math.max(10, this.#dayMs / 4));
    this.#timer = setInterval(() => {
      this.#sweeping ??= this.sweep()
        .catch((error: unknown) => this.#options.log(`unable to expire objects; ${reasonOf(error)}`))
        .finally(() => {
          this.#sweeping = undefined;
        });
    }, pause);
    this.#timer.unref();
  }

  async sweep(): Promise<void> {
    const now = this.#options.now();
    for (const { model, store } of this.#options.buckets) {
      for (const rule of model.lifecycle) {
        const isOver = (object: StoredObject) =>
          applies(rule, object) && now >= this.#endOf(rule, object.modified);
        for (const key of store.keys()) {
          const object = store.get(key);
          if (!object || !isOver(object)) continue;
          // One that was written again meanwhile begins anew.
          const gone = await store.deleteIf(key, (before) => before === object);
          if (gone) this.#options.notify({ bucket: model, name: 'LifecycleExpiration:Delete', key });
        }
        for (const upload of store.uploads()) if (this.#isStale(rule, upload, now)) await store.abort(upload);
      }
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sweeping;
  }

  #endOf({ expirationDays, expirationDate }: LifecycleRule, modified: number): number {
    if (expirationDays !== undefined) return this.#midnightAfter(modified, expirationDays);
    return expirationDate ?? Number.POSITIVE_INFINITY;
  }

  #isStale({ prefix, abortUploadsAfterDays: days }: LifecycleRule, upload: Upload, now: number): boolean {
    return (
      days !== undefined &&
      upload.key.startsWith(prefix) &&
      now >= this.#midnightAfter(upload.initiated, days)
    );
  }

  /** So many days later, and then the next midnight in UTC. */
  #midnightAfter(moment: number, days: number): number {
    return Math.ceil((moment + days * this.#dayMs) / this.#dayMs) * this.#dayMs;
  }
}

function applies({ prefix, tags, largerThan, smallerThan }: LifecycleRule, object: StoredObject): boolean {
  return (
    object.key.startsWith(prefix) &&
    Object.entries(tags).every(([key, value]) => object.tags[key] === value) &&
    object.size > (largerThan ?? -1) &&
    object.size < (smallerThan ?? Number.POSITIVE_INFINITY)
  );
}
