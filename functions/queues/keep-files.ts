import { join } from 'node:path';
import * as z from 'zod/mini';
import { followMessage, lookAtUpload } from '../../shared/chat/keep-files.ts';
import { FileId, RoomId } from '../../shared/protocol/ids.ts';
import { createFileStore } from '../runtime/files.ts';
import { once } from '../runtime/once.ts';
import { getRuntime } from '../runtime/runtime.ts';
import { handleMessages, type QueueAnswer, type QueueEvent } from './messages.ts';
import { createShrinker, createThumbnailMaker } from './thumbnails/maker.ts';

/** What S3 tells of an upload: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html */
const Uploads = z.object({
  Records: z.array(z.object({ s3: z.object({ object: z.object({ key: z.string(), size: z.int() }) }) })),
});
/** What it says once, when it is told where to notify. */
const Greeting = z.object({ Event: z.literal('s3:TestEvent') });
const Task = z.object({
  kind: z.enum(['attach', 'release']),
  room: RoomId,
  message: z.int(),
  files: z.array(FileId),
  until: z.optional(z.int()),
});

const getStore = once(() => createFileStore(getRuntime()));
const getMaker = once(() =>
  createThumbnailMaker({
    store: getStore(),
    shrink: createShrinker(join(__dirname, 'files')),
    logger: getRuntime().logger,
  }),
);

/** Looks at uploads before anyone can fetch them, and lets files stay or go with their message. */
export async function handler(event: QueueEvent): Promise<QueueAnswer> {
  const { context: chat, logger } = getRuntime();
  return handleMessages(event, z.union([Uploads, Greeting, Task]), logger, async (message) => {
    const tools = { chat, store: getStore(), makeThumbnail: getMaker() };
    if ('kind' in message) await followMessage(tools, message);
    else if ('Records' in message) {
      for (const { s3 } of message.Records) {
        const { key, size } = s3.object;
        await lookAtUpload(tools, { key: decodeURIComponent(key.replaceAll('+', ' ')), size });
      }
    }
  });
}
