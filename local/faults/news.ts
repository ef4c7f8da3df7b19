/** What the processes of an engine tell each other, so that one plan holds for all of them. */
import type { FaultPlan } from './plan.ts';

export type FaultNews =
  /** From the engine: follow this plan. `happened` is how often each fault has, in the plan's order. */
  | {
      readonly kind: 'plan';
      readonly run: number;
      readonly plan: FaultPlan | undefined;
      readonly happened: readonly number[];
    }
  /** From either side: a fault of the plan has happened. `run` tells a plan from the one before. */
  | { readonly kind: 'happened'; readonly run: number; readonly index: number }
  /** From the engine: end one of the environments of a function that are at work. */
  | { readonly kind: 'kill'; readonly functionName: string; readonly lot: number };
