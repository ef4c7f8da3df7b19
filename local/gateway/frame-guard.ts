/** Watches the sizes of single WebSocket frames, which a WebSocket library hides by joining them to messages. */

/** RFC 6455, section 5.2: two bytes, then 0, 2 or 8 of length, then 4 of masking key. */
const SHORT_HEADER = 2;
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const MASK_BYTES = 4;
const LONGEST_LENGTH = 10;

/**
 * @param limit payload bytes that a frame may have
 * @param exceeded called once, with the first header that announces more; nothing is looked at afterwards
 * @returns takes the bytes of one direction of a connection in the order they arrive; it copies nothing but the header
 *   that is split between two chunks
 */
export function createFrameGuard(limit: number, exceeded: () => void): (chunk: Buffer) => void {
  /** Bytes of the present frame still to come. */
  let remaining = 0;
  const header = Buffer.alloc(LONGEST_LENGTH);
  let headerBytes = 0;
  let done = false;

  return (chunk) => {
    let offset = 0;
    while (!done && offset < chunk.length) {
      if (remaining > 0) {
        const skipped = Math.min(remaining, chunk.length - offset);
        remaining -= skipped;
        offset += skipped;
        continue;
      }
      header[headerBytes++] = chunk[offset++] ?? 0;
      if (headerBytes < SHORT_HEADER) continue;
      const second = header[1] ?? 0;
      const short = second & 0x7f;
      const needed = short === LENGTH_64 ? LONGEST_LENGTH : short === LENGTH_16 ? 4 : SHORT_HEADER;
      if (headerBytes < needed) continue;
      const length =
        short === LENGTH_64
          ? Number(header.readBigUInt64BE(2))
          : short === LENGTH_16
            ? header.readUInt16BE(2)
            : short;
      if (length > limit) {
        done = true;
        exceeded();
        return;
      }
      remaining = length + (second & 0x80 ? MASK_BYTES : 0);
      headerBytes = 0;
    }
  };
}
