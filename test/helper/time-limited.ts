import type { Actor } from './scheduler.ts';

/**
 * An actor that is killed where it stands when its time is over, as Lambda does.
 *
 * @param limit.now the run's clock, milliseconds.
 * @param limit.over called once, when it is killed.
 */
export function timeLimited(
  actor: Actor,
  limit: { now(): number; readonly limitMs: number; over(): void },
): Actor {
  const end = limit.now() + limit.limitMs;
  let killed = false;
  const guard = <T>(go: () => Promise<T>): Promise<T> => {
    if (!killed && limit.now() > end) {
      killed = true;
      limit.over();
    }
    return killed ? new Promise(() => {}) : go();
  };
  return {
    call: (operation, input) => guard(() => actor.call(operation, input)),
    sleep: () => guard(() => actor.sleep()),
  };
}
