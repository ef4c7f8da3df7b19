/** A seed that once broke a promise, and why. Each is run by name, for ever. */
export interface FailedSeed {
  readonly seed: number;
  /** What was wrong, in a few words. */
  readonly because: string;
}

export const FAILED_SEEDS: readonly FailedSeed[] = [];

/** The same for the runs in which things are made to go wrong. */
export const FAILED_NOISY_SEEDS: readonly FailedSeed[] = [
  { seed: 6, because: 'a sync told of a room whose membership was withdrawn but not ended yet' },
  { seed: 7, because: 'the same' },
  { seed: 96, because: 'history was refused to who had joined, by the head, and had no item yet' },
];
