import { deliverToShard, type ShardResult } from '../../shared/delivery/deliver-shard.ts';
import { readShardWork } from '../../shared/delivery/shard-call.ts';
import { once } from '../runtime/once.ts';
import { getRuntime } from '../runtime/runtime.ts';
import { createDelivery } from './delivery.ts';

const getDelivery = once(() => createDelivery(getRuntime()));

/** Brings a large room's events to the connections of one of its shards, for the fan-out, which waits for the answer. */
export async function handler(input: unknown): Promise<ShardResult> {
  return deliverToShard(getDelivery(), readShardWork(input));
}
