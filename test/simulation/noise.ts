import { pause } from '../helper/endpoint.ts';
import { type Started, startService } from '../helper/start.ts';
import { type Random, randomOf } from './random.ts';

/** What goes wrong around a run. */
export interface Noise {
  begin(): Promise<void>;
  /** Nothing goes wrong any more when it resolves. */
  end(): Promise<void>;
}

/** A fault as docs/faults.md has it. */
export type Fault = Readonly<Record<string, unknown>> & { readonly kind: string };

/** How often what went wrong in all runs, by kind. */
export type FaultCounts = Record<string, number>;

export interface NoisyService {
  readonly started: Started;
  readonly counts: FaultCounts;
  /** The noise of one run. */
  noise(plan: { readonly seed: number; readonly faults: readonly Fault[] }): Noise;
}

/** The longest time after which the environment of a function is killed, milliseconds. */
const KILL_WITHIN = 100;
const CALM_LIMIT = 30_000;

/** An engine of its own, with the rate limits out of the way, whose faults are switched by the run. */
export async function startNoisyService(): Promise<NoisyService> {
  const started = await startService({ commandsPerMinute: '1000000', commandBurst: '100000' });
  const counts: FaultCounts = {};
  const control = async (method: string, body?: string): Promise<void> => {
    const response = await fetch(`${started.http}/_local/faults`, { method, ...(body ? { body } : {}) });
    const text = await response.text();
    if (!response.ok) throw new Error(`the engine took no faults: ${text}`);
    if (method !== 'DELETE') return;
    const { counts: told } = JSON.parse(text) as { counts: { kind: string; happened: number }[] };
    for (const { kind, happened } of told) counts[kind] = (counts[kind] ?? 0) + happened;
  };
  return {
    started,
    counts,
    noise: (plan) => ({
      begin: () => control('PUT', JSON.stringify(plan)),
      async end() {
        await control('DELETE');
        await pause(KILL_WITHIN);
        await untilHealthy(started.http);
      },
    }),
  };
}

/** A killed database takes a moment to come back. */
async function untilHealthy(http: string): Promise<void> {
  const deadline = Date.now() + CALM_LIMIT;
  while (Date.now() < deadline) {
    if ((await fetch(`${http}/health`)).ok) return;
    await pause(50);
  }
  throw new Error(`the service was not healthy ${CALM_LIMIT} ms after the last fault`);
}

/** Each with the chance of being in a plan. What is lost after it took effect matters most for once only (P3). */
const CANDIDATES: readonly { readonly chance: number; readonly fault: (random: Random) => Fault }[] = [
  { chance: 0.3, fault: (random) => ({ kind: 'crash', when: 'before', probability: random.next() * 0.015 }) },
  {
    chance: 0.4,
    fault: (random) => ({ kind: 'crash', when: 'between', probability: random.next() * 0.006 }),
  },
  { chance: 0.3, fault: (random) => ({ kind: 'crash', when: 'after', probability: random.next() * 0.02 }) },
  {
    chance: 0.2,
    fault: (random) => ({
      kind: 'kill-environment',
      milliseconds: KILL_WITHIN,
      probability: random.next() * 0.015,
    }),
  },
  {
    chance: 0.3,
    fault: (random) => ({
      kind: 'slow',
      milliseconds: random.between(5, 150),
      probability: random.next() * 0.2,
    }),
  },
  {
    chance: 0.4,
    fault: (random) => ({
      kind: 'error',
      error: random.pick([
        'InternalServerError',
        'ThrottlingException',
        'ProvisionedThroughputExceededException',
      ]),
      probability: random.next() * 0.1,
    }),
  },
  {
    chance: 0.5,
    fault: (random) => ({
      kind: 'error',
      error: 'InternalServerError',
      lost: true,
      match: { operation: random.pick(['UpdateItem', 'PutItem', 'Write', 'Item']) },
      probability: random.next() * 0.25,
    }),
  },
  { chance: 0.3, fault: (random) => ({ kind: 'reset', lost: true, probability: random.next() * 0.08 }) },
  { chance: 0.2, fault: (random) => ({ kind: 'reset', probability: random.next() * 0.08 }) },
  { chance: 0.3, fault: (random) => ({ kind: 'post', answer: 'gone', probability: random.next() * 0.02 }) },
  {
    chance: 0.3,
    fault: (random) => ({ kind: 'post', answer: 'throttled', probability: random.next() * 0.2 }),
  },
  { chance: 0.2, fault: (random) => ({ kind: 'post', answer: 'failure', probability: random.next() * 0.2 }) },
  { chance: 0.3, fault: (random) => ({ kind: 'post', answer: 'lost', probability: random.next() * 0.2 }) },
  { chance: 0.15, fault: () => ({ kind: 'post', answer: 'hang', probability: 0.005, count: 2 }) },
  { chance: 0.4, fault: (random) => ({ kind: 'batch', how: 'repeat', probability: random.next() * 0.4 }) },
  { chance: 0.4, fault: (random) => ({ kind: 'batch', how: 'split', probability: random.next() }) },
  { chance: 0.4, fault: (random) => ({ kind: 'lose-disconnect', probability: random.next() }) },
  // Outages: so many calls fail one after the other.
  {
    chance: 0.3,
    fault: (random) => ({
      kind: 'error',
      error: 'InternalServerError',
      lost: random.chance(0.5),
      match: { function: random.pick(['fanout', 'settler', 'sendmessage', 'connect', 'room', 'sync', 'o']) },
      probability: 1,
      count: random.between(10, 60),
    }),
  },
  {
    chance: 0.15,
    fault: (random) => ({
      kind: 'crash',
      when: random.pick(['before', 'between', 'after']),
      match: { function: random.pick(['fanout', 'settler']) },
      probability: 1,
      count: random.between(2, 8),
    }),
  },
  {
    chance: 0.1,
    fault: (random) => ({ kind: 'post', answer: 'failure', probability: 1, count: random.between(20, 150) }),
  },
  { chance: 0.1, fault: () => ({ kind: 'kill-database', probability: 0.002, count: 1 }) },
  {
    chance: 0.2,
    fault: (random) => ({
      kind: 'clock',
      milliseconds: random.between(-3_000, 3_000),
      probability: random.next() * 0.3,
    }),
  },
];

/** The plan of a seed: some faults of many, each as often as the seed says. */
export function planOf(seed: number): { readonly seed: number; readonly faults: readonly Fault[] } {
  const random = randomOf(seed).fork('faults');
  const faults = CANDIDATES.filter(({ chance }) => random.chance(chance)).map(({ fault }) => fault(random));
  return { seed, faults };
}
