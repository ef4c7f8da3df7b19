/** A thread that makes one thumbnail: it can be ended, whatever an image does to its decoder. */
import { parentPort, workerData } from 'node:worker_threads';
import { prepare, shrink } from './shrink.ts';

const { module, bytes } = workerData as {
  readonly module: WebAssembly.Module;
  readonly bytes: Uint8Array;
};
prepare(module);
parentPort?.postMessage(shrink(bytes));
