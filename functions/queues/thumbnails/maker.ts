/** Makes thumbnails, each in a thread of its own, with an end to its time and its memory. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { gunzipSync } from 'node:zlib';
import type { FileStore } from '../../../shared/chat/file-store.ts';
import type { MakeThumbnail } from '../../../shared/chat/thumbnails.ts';
import type { Logger } from '../../../shared/observability/log.ts';
import { once } from '../../runtime/once.ts';
import type { SmallImage } from './shrink.ts';

/** Some times what the largest image takes on a whole virtual processor (functions' memory of 1,769 MB). */
const TIME_LIMIT_MS = 30_000;
/** Of the thread's JavaScript; pixels lie in WebAssembly's memory, which the image's size bounds. */
const HEAP_MEGABYTES = 128;

export type ShrinkImage = (bytes: Uint8Array) => Promise<SmallImage>;

/**
 * @param folder holds the thread's program and photon as scripts/build/files.ts puts them beside the bundle.
 * @param timeLimitMs milliseconds that one image may take.
 * @returns what rejects for an image that it can't or may not shrink.
 */
export function createShrinker(folder: string, timeLimitMs = TIME_LIMIT_MS): ShrinkImage {
  const load = once(async () => {
    const unpack = async (name: string) => gunzipSync(await readFile(join(folder, `${name}.gz`)));
    const [program, photon] = await Promise.all([unpack('thumbnails.js'), unpack('photon.wasm')]);
    return { program: program.toString('utf8'), module: await WebAssembly.compile(photon) };
  });

  return async (bytes) => {
    const { program, module } = await load();
    const worker = new Worker(program, {
      eval: true,
      workerData: { module, bytes },
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES },
    });
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<SmallImage>((resolve, reject) => {
        timer = setTimeout(
          () => reject(new Error('unable to make a thumbnail; it takes too long')),
          timeLimitMs,
        );
        worker.once('message', resolve);
        worker.once('error', reject);
        worker.once('exit', (code) =>
          reject(new Error(`unable to make a thumbnail; its thread ended with ${code}`)),
        );
      });
    } finally {
      clearTimeout(timer);
      await worker.terminate();
    }
  };
}

/** @param shrink rejects for what it can't shrink: that is told, and nothing more comes of it. */
export function createThumbnailMaker({
  store,
  shrink,
  logger,
}: {
  readonly store: Pick<FileStore, 'readStart' | 'add'>;
  readonly shrink: ShrinkImage;
  readonly logger: Pick<Logger, 'warn'>;
}): MakeThumbnail {
  return async ({ from, to, size }) => {
    try {
      const { bytes } = await store.readStart(from, size);
      const small = await shrink(bytes);
      await store.add(to, small.contentType, small.bytes);
      return { width: small.width, height: small.height };
    } catch (error) {
      logger.warn('an image without a thumbnail', { key: from, reason: String(error) });
      return undefined;
    }
  };
}
