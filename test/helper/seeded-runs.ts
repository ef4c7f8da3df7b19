/**
 * Runs of a seeded scheduler, some at once, until enough: what the scheduler tests share.
 *
 * `SCHEDULER_SEEDS` runs so many, however long it takes; without it as many as a test's budget allows. `SCHEDULER_FIRST_SEED` sets where
 * they begin.
 */
const SEEDS = process.env.SCHEDULER_SEEDS ? Number(process.env.SCHEDULER_SEEDS) : undefined;
const FIRST_SEED = Number(process.env.SCHEDULER_FIRST_SEED ?? 1);
/** Runs at once, each in a room of its own, so that neither this process nor the database waits for the other. */
const LANES = 4;

/** Of a test that runs so many seeds as it is told. */
export const SCHEDULER_TIMEOUT_MS = 3_600_000;

/** What a run found, and what it counted. */
export interface SeededRun {
  readonly violations: readonly string[];
}

type Counts<Run> = { readonly [Name in keyof Run as Run[Name] extends number ? Name : never]: number };

/** Whether another run may begin, after so many, of which these violations came. */
export type GoOn = (begun: number, found: readonly string[]) => boolean;

/** Without a number of seeds in the environment: at least and at most so many runs, and about so long. */
export function withinBudget({
  least,
  most = Number.POSITIVE_INFINITY,
  budgetMs,
}: {
  readonly least: number;
  readonly most?: number;
  readonly budgetMs: number;
}): GoOn {
  const end = Date.now() + budgetMs;
  return (begun) =>
    SEEDS === undefined ? begun < least || (begun < most && Date.now() < end) : begun < SEEDS;
}

/** Until a broken design was noticed, for so many runs at most. */
export function untilNoticed(most: number, isNoticed = (found: readonly string[]) => found.length > 0): GoOn {
  return (begun, found) => begun < most && !isNoticed(found);
}

/**
 * Runs one seed after the other.
 *
 * @returns the violations, each with its seed; how many runs there were; and the sums of all that they counted.
 */
export async function runSeeds<Run extends SeededRun>(
  run: (seed: number) => Promise<Run>,
  goOn: GoOn,
  { first = FIRST_SEED, lanes = LANES }: { readonly first?: number; readonly lanes?: number } = {},
): Promise<{ readonly found: readonly string[]; readonly runs: number; readonly sums: Counts<Run> }> {
  const found: string[] = [];
  const sums: Record<string, number> = {};
  let runs = 0;
  async function lane(): Promise<void> {
    while (goOn(runs, found)) {
      const seed = first + runs++;
      const result = await run(seed);
      found.push(...result.violations.map((violation) => `seed ${seed}: ${violation}`));
      for (const [name, value] of Object.entries(result))
        if (typeof value === 'number') sums[name] = (sums[name] ?? 0) + value;
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane));
  return { found, runs, sums: sums as Counts<Run> };
}
