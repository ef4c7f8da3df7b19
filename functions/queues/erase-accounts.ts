import * as z from 'zod/mini';
import { attemptsKey } from '../../shared/auth/login-delay.ts';
import { eraseAccount } from '../../shared/chat/erase-account.ts';
import { forgetAttempts } from '../../shared/data/login-attempts.ts';
import { UserId } from '../../shared/protocol/ids.ts';
import { createSocketCloser } from '../runtime/close-socket.ts';
import { createErasureQueue } from '../runtime/erasure-queue.ts';
import { once } from '../runtime/once.ts';
import { getRuntime } from '../runtime/runtime.ts';
import { handleMessages, type QueueAnswer, type QueueEvent } from './messages.ts';

const Task = z.object({ user: UserId, round: z.int() });

/** Milliseconds that a piece of an erasure may take, with room: what is begun with less left would be cut off by the time-out. */
const PIECE_MS = 15_000;

const getTools = once(() => {
  const runtime = getRuntime();
  const closeSocket = createSocketCloser(runtime);
  return { context: { ...runtime.context, closeSocket }, queue: createErasureQueue(runtime) };
});

/** Rewrites what a deleted account left behind, as much as there is time for, and sends itself the rest. */
export async function handler(
  event: QueueEvent,
  { getRemainingTimeInMillis }: { readonly getRemainingTimeInMillis: () => number },
): Promise<QueueAnswer> {
  const { context, queue } = getTools();
  return handleMessages(event, Task, getRuntime().logger, async (task) => {
    await forgetAttempts(context.chat, attemptsKey(task.user));
    const next = await eraseAccount(context, task, () => getRemainingTimeInMillis() > PIECE_MS);
    if (next) await queue.send({ user: next.user, round: next.round }, next.delaySeconds);
  });
}
