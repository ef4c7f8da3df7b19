/**
 * The encoding `aws-chunked`: chunks with a size, perhaps a signature, and trailing headers.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 */
import { StorageError } from './errors.ts';

export type Chunks = AsyncIterable<Buffer>;
/** Trailing headers by lower-case name, there when the last chunk was read. */
export type Trailers = Map<string, string>;

/** More than a size, a signature or a checksum needs. */
const LINE_BYTES = 1024;

/**
 * Takes the encoding off. The signatures of single chunks are passed over: the engine's clients are on this machine.
 *
 * @throws StorageError `IncompleteBody`
 */
export async function* decodeChunks(source: Chunks, trailers: Trailers): Chunks {
  let pending: Buffer = Buffer.alloc(0);
  /** Bytes left of the chunk that is being read, with the two of the line's end after them. */
  let left = 0;
  let isTrailer = false;
  for await (const data of source) {
    pending = pending.length === 0 ? data : Buffer.concat([pending, data]);
    while (pending.length > 0) {
      if (left > 2) {
        const taken = pending.subarray(0, Math.min(left - 2, pending.length));
        left -= taken.length;
        pending = pending.subarray(taken.length);
        yield taken;
      } else if (left > 0) {
        const skipped = Math.min(left, pending.length);
        left -= skipped;
        pending = pending.subarray(skipped);
      } else {
        const end = pending.indexOf('\r\n');
        if (end < 0) {
          if (pending.length > LINE_BYTES) throw new StorageError('IncompleteBody');
          break;
        }
        const line = pending.toString('latin1', 0, end);
        pending = pending.subarray(end + 2);
        if (isTrailer) noteTrailer(line, trailers);
        else {
          const size = /^([0-9a-f]+)(?:;|$)/i.exec(line)?.[1];
          if (size === undefined) throw new StorageError('IncompleteBody');
          const bytes = Number.parseInt(size, 16);
          if (bytes === 0) isTrailer = true;
          else left = bytes + 2;
        }
      }
    }
  }
  if (pending.length > 0 && isTrailer) noteTrailer(pending.toString('latin1'), trailers);
  if (!isTrailer) throw new StorageError('IncompleteBody');
}

function noteTrailer(line: string, trailers: Trailers): void {
  const [, name, value] = /^([\w-]+):\s*(.*)$/.exec(line) ?? [];
  if (name !== undefined && value !== undefined) trailers.set(name.toLowerCase(), value.trim());
}
