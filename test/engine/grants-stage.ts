import type { Account } from '../helper/account.ts';
import type { Endpoint } from '../helper/endpoint.ts';
import type { Items } from './grants-items.ts';

/** What a scene is played with. */
export interface Stage {
  readonly endpoint: Endpoint;
  readonly awsEndpoint: string;
  readonly storageEndpoint: string;
  readonly alice: Account;
  readonly bob: Account;
  readonly chat: Items;
  readonly connections: Items;
  readonly search: Items;
  readonly secretArn: string;
  readonly makerName: string;
  readonly rotatorName: string;
  readonly publisherName: string;
  readonly websiteBucket: string;
  /** Address of the queue that has connections looked at. */
  readonly watchQueue: string;
}

/** Rejects where anything that a user would notice went wrong. */
export type Scene = (stage: Stage) => Promise<void>;
