/** Which seeds a run of the tests takes: `SEED=n` that one; `SEEDS=n` the first n; so many from `FIRST_SEED` on. */
export function chosenSeeds(count: number): { readonly seeds: readonly number[]; readonly only?: number } {
  const only = wholeNumber('SEED');
  if (only !== undefined) return { seeds: [only], only };
  const first = wholeNumber('FIRST_SEED') ?? 1;
  return { seeds: Array.from({ length: wholeNumber('SEEDS') ?? count }, (_, index) => first + index) };
}

function wholeNumber(variable: string): number | undefined {
  const text = process.env[variable];
  if (text === undefined || text === '') return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new Error(`unable to choose seeds; ${variable} must be a whole number, not ${text}`);
}
