/** The call from the fan-out to the worker of one shard: what goes over, and what comes back. */
import * as z from 'zod/mini';
import type { AwsSend } from '../aws/client.ts';
import { RoomEvent } from '../protocol/events.ts';
import { RoomId } from '../protocol/ids.ts';
import type { ShardResult, ShardWork } from './deliver-shard.ts';

/** Longer than the worker's own limit (30 s, infra/fan-out.ts), shorter than the fan-out's (60 s). */
const CALL_TIMEOUT_MS = 40_000;

const Work = z.object({
  room: RoomId,
  shard: z.int(),
  events: z.array(RoomEvent),
  left: z.array(z.tuple([z.string(), z.int()])),
});
const Result = z.object({ connections: z.int() });

export type CallShard = (work: ShardWork) => Promise<ShardResult>;

/** The worker did not do its part; the batch has to come again. */
export class ShardFailed extends Error {
  override readonly name = 'ShardFailed';
}

/** @param options.functionName of the worker. */
export function createShardCall(options: {
  readonly send: AwsSend;
  readonly origin: string;
  readonly functionName: string;
}): CallShard {
  const path = `/2015-03-31/functions/${encodeURIComponent(options.functionName)}/invocations`;
  return async ({ room, shard, events, left }) => {
    const { status, body } = await options.send({
      service: 'lambda',
      origin: options.origin,
      method: 'POST',
      path,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ room, shard, events, left: [...left] }),
      timeoutMs: CALL_TIMEOUT_MS,
    });
    // A worker that failed answers 200 too, with its error in the body.
    const result = Result.safeParse(status === 200 ? parseJson(body) : undefined);
    if (!result.success) throw new ShardFailed(`shard ${shard} answered ${status}`);
    return result.data;
  };
}

/** @throws zod's error for anything but a call of `createShardCall`. */
export function readShardWork(input: unknown): ShardWork {
  const { left, ...work } = z.parse(Work, input);
  return { ...work, left: new Map(left) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
