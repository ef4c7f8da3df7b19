/** What a stack declares of S3. */
import type { Origin } from './origin.ts';

export interface CorsRule {
  readonly allowedOrigins: readonly string[];
  readonly allowedMethods: readonly string[];
  readonly allowedHeaders: readonly string[];
  readonly exposedHeaders: readonly string[];
  readonly maxAgeSeconds?: number;
}

/** A rule says what it applies to, and what becomes of that after how many days. */
export interface LifecycleRule {
  readonly prefix: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly largerThan?: number;
  readonly smallerThan?: number;
  readonly expirationDays?: number;
  /** Milliseconds since the epoch. */
  readonly expirationDate?: number;
  readonly abortUploadsAfterDays?: number;
}

export interface BucketNotification {
  /** For example `s3:ObjectCreated:*`. */
  readonly events: readonly string[];
  readonly prefix: string;
  readonly suffix: string;
  readonly destination: { readonly kind: 'function' | 'queue'; readonly arn: string };
  readonly configurationId: string;
}

/** A folder whose files are put into the bucket (`BucketDeployment`). */
export interface BucketContent {
  readonly logicalId: string;
  readonly directories: readonly string[];
  readonly prefix: string;
  /** Whether what else lies under the prefix goes. */
  readonly prune: boolean;
  /** `cache-control` and the like. */
  readonly headers: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface BucketModel extends Origin {
  readonly name: string;
  readonly arn: string;
  readonly cors: readonly CorsRule[];
  readonly lifecycle: readonly LifecycleRule[];
  readonly notifications: readonly BucketNotification[];
  readonly contents: readonly BucketContent[];
}
