import { check } from './checker.ts';
import type { Violation } from './history.ts';
import { keep } from './keep.ts';
import { type NoisyService, planOf, startNoisyService } from './noise.ts';
import { Crowd, simulate } from './simulate.ts';

/** Runs after which new people come: every run leaves its rooms to those who took part. */
const RUNS_PER_CROWD = 12;

export interface NoisyResult {
  readonly violations: readonly Violation[];
  readonly events: number;
  /** Where what happened is written down; only of a run that broke a promise. */
  readonly file?: string;
}

/** Runs seeds under their fault plans, one after the other on one engine. */
export class NoisyRuns {
  readonly service: NoisyService;
  #crowd: Crowd | undefined;
  #runs = 0;

  private constructor(service: NoisyService) {
    this.service = service;
  }

  static async start(): Promise<NoisyRuns> {
    return new NoisyRuns(await startNoisyService());
  }

  /** @throws {Error} where a client got no answer at all, or one that breaks the protocol. */
  async run(seed: number): Promise<NoisyResult> {
    if (this.#runs++ % RUNS_PER_CROWD === 0) this.#crowd = undefined;
    this.#crowd ??= new Crowd(this.service.started);
    const history = await simulate(this.#crowd, seed, this.service.noise(planOf(seed)));
    const violations = check(history);
    const events = [...history.logs.values()].reduce((sum, log) => sum + log.length, 0);
    return { violations, events, ...(violations.length > 0 && { file: await keep(seed, history) }) };
  }

  close(): Promise<void> {
    return this.service.started.close();
  }
}
