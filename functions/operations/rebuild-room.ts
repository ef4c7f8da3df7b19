/** Makes anew what is derived from a room's log, a step at a time: for `npm run rebuild`, which calls until nothing is left. */
import * as z from 'zod/mini';
import { type RebuildStep, rebuildRoom } from '../../shared/chat/rebuild-room.ts';
import { RoomId, SeenSeq } from '../../shared/protocol/ids.ts';
import { getRuntime } from '../runtime/runtime.ts';

const Task = z.object({ room: RoomId, after: SeenSeq });

/** @throws {Error} where the event names no room, or the settler was faster each time: the same step can be asked for again. */
export async function handler(event: unknown): Promise<RebuildStep> {
  const { context, logger } = getRuntime();
  const task = z.parse(Task, event);
  const step = await rebuildRoom({ chat: context.chat, now: context.now, search: context.search }, task);
  logger.info('room rebuilt in part', { ...task, looked: step.looked, mended: step.mended });
  return step;
}
