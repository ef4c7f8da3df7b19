/**
 * Runs actors one database call at a time: every call waits until a seed picks it, is made for real, and only then may the next one
 * be made. Between two calls an actor may die, and a call's answer may be lost, so that it is made again.
 */
import type { DynamoCall } from '../../shared/data/dynamodb.ts';
import type { Random } from '../simulation/random.ts';

export interface Actor {
  /** Makes a call when it is this actor's turn. */
  readonly call: DynamoCall;
  /** Takes a turn and no time. */
  readonly sleep: () => Promise<void>;
}

export interface Scheduler {
  /**
   * Starts an actor.
   *
   * @param died called when it dies: whatever it was doing never goes on.
   * @param mortal whether it may die and lose answers.
   */
  start(
    life: (actor: Actor) => Promise<void>,
    options: { readonly mortal: boolean; readonly died?: () => void },
  ): void;
  /** Until no actor has anything left to do. @returns the calls made. */
  run(): Promise<number>;
}

export interface SchedulerOptions {
  readonly random: Random;
  readonly execute: DynamoCall;
  /** Probability per call of a mortal actor. */
  readonly death: number;
  readonly lostAnswer: number;
}

interface Parked {
  readonly owner: Life;
  readonly execute: () => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  lost: boolean;
}

interface Life {
  readonly mortal: boolean;
  readonly died: () => void;
}

export function createScheduler({ random, execute, death, lostAnswer }: SchedulerOptions): Scheduler {
  let parked: Parked[] = [];
  const dead = new Set<Life>();
  const failures: unknown[] = [];

  function park<T>(owner: Life, run: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (dead.has(owner)) return;
      parked.push({ owner, execute: run, resolve: (value) => resolve(value as T), reject, lost: false });
    });
  }

  async function step(chosen: Parked): Promise<void> {
    const { owner } = chosen;
    if (owner.mortal && random.chance(death)) {
      // Before the call or after it: the answer reaches nobody.
      if (random.chance(0.5)) await chosen.execute().catch(() => {});
      dead.add(owner);
      parked = parked.filter((one) => one.owner !== owner);
      owner.died();
      return;
    }
    if (owner.mortal && !chosen.lost && random.chance(lostAnswer)) {
      chosen.lost = true;
      await chosen.execute().catch(() => {});
      return;
    }
    parked = parked.filter((one) => one !== chosen);
    await chosen.execute().then(chosen.resolve, chosen.reject);
  }

  return {
    start(life, { mortal, died = () => {} }) {
      const owner: Life = { mortal, died };
      const actor: Actor = {
        call: (operation, input) => park(owner, () => execute(operation, input)),
        sleep: () => park(owner, async () => {}),
      };
      life(actor).catch((error: unknown) => failures.push(error));
    },

    async run() {
      for (let calls = 0; ; calls++) {
        // All that an answer sets going runs in microtasks, up to the next parked call.
        await new Promise((resolve) => setImmediate(resolve));
        if (failures.length > 0) throw failures[0];
        const chosen = random.pick(parked);
        if (!chosen) return calls;
        await step(chosen);
      }
    },
  };
}
