import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** argon2id as WebAssembly. A function's bundle has the bytes in the place of this file (scripts/build/smaller-packages.ts). */
export const ARGON2_MODULE: Uint8Array<ArrayBuffer> = readFileSync(
  createRequire(import.meta.url).resolve('argon2id/dist/simd.wasm'),
);
