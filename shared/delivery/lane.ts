/** Bounded concurrency that a slow task can't use up. */

export type Lane = <T>(task: () => Promise<T>) => Promise<T>;

/**
 * Runs at most `size` tasks at once, in the order of their coming. A task that takes longer than `patienceMs` goes on, but
 * does not count any more: the next one starts beside it. So tasks that hang, up to their own time-outs, cost the others
 * `patienceMs` at most.
 */
export function createLane(size: number, patienceMs: number): Lane {
  const waiting: (() => void)[] = [];
  let running = 0;

  function leave(): void {
    const next = waiting.shift();
    if (next) next();
    else running--;
  }

  return async (task) => {
    if (running < size) running++;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    let inside = true;
    const leaveOnce = () => {
      if (!inside) return;
      inside = false;
      leave();
    };
    const timer = setTimeout(leaveOnce, patienceMs);
    try {
      return await task();
    } finally {
      clearTimeout(timer);
      leaveOnce();
    }
  };
}
