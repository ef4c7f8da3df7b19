/** Percentiles of a run's samples. Pure. */

/** The figures every table shows; in the unit of the samples. All 0 where there was no sample. */
export interface Summary {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** A growable array of doubles: a million samples without a million boxed numbers. */
export class Samples {
  #values = new Float64Array(1024);
  #length = 0;

  add(value: number): void {
    if (this.#length === this.#values.length) {
      const grown = new Float64Array(this.#length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#length++] = value;
  }

  get length(): number {
    return this.#length;
  }

  summary(): Summary {
    const sorted = this.#values.slice(0, this.#length).sort();
    return {
      count: sorted.length,
      p50: percentile(sorted, 50),
      p95: percentile(sorted, 95),
      p99: percentile(sorted, 99),
      max: sorted.at(-1) ?? 0,
    };
  }
}

/** The nearest-rank percentile of ascending values: the smallest value that at least `p` percent do not exceed. */
export function percentile(ascending: Float64Array | readonly number[], p: number): number {
  if (ascending.length === 0) return 0;
  const rank = Math.max(1, Math.ceil((p / 100) * ascending.length));
  return ascending[rank - 1] ?? 0;
}

/** The middle one of a few repeated measurements. */
export function median(values: readonly number[]): number {
  return percentile(
    [...values].sort((a, b) => a - b),
    50,
  );
}
