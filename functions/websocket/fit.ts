/** API Gateway carries 128 KiB in one WebSocket message. Three quarters of it leave room for what is around a list. */
const MAX_LIST_BYTES = 96 * 1024;

/**
 * The newest values that fit into one WebSocket message, at least one.
 *
 * @param values oldest first.
 * @returns oldest first.
 */
export function fitNewest<T>(values: readonly T[]): T[] {
  let bytes = 0;
  let first = values.length;
  while (first > 0) {
    bytes += Buffer.byteLength(JSON.stringify(values[first - 1])) + 1;
    if (bytes > MAX_LIST_BYTES && first < values.length) break;
    first--;
  }
  return values.slice(first);
}
