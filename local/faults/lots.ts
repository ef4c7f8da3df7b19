/**
 * A seeded generator: the same lots for the same seed and name on every machine. mulberry32 (Tommy Ettinger, public domain), seeded
 * through FNV-1a of 32 bits.
 *
 * @returns a function that draws a number from 0 to 1, 1 excluded.
 */
export function createLots(seed: number, name: string): () => number {
  let state = 0x811c9dc5;
  for (const byte of Buffer.from(`${seed}/${name}`)) state = Math.imul(state ^ byte, 0x01000193);
  state >>>= 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
