/** Bodies of HTTP requests. */
import type { IncomingMessage } from 'node:http';

/** Hands over the whole body, or `undefined` where it is larger than `limit` bytes. */
export function readBody(
  request: IncomingMessage,
  limit: number,
  done: (body: Buffer | undefined) => void,
): void {
  let first: Buffer | undefined;
  let more: Buffer[] | undefined;
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > limit) return;
    if (!first) first = chunk;
    else if (more) more.push(chunk);
    else more = [first, chunk];
  });
  request.on('end', () => {
    if (bytes > limit) done(undefined);
    else done(more ? Buffer.concat(more) : (first ?? Buffer.alloc(0)));
  });
}
