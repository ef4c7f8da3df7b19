import { useSyncExternalStore } from 'react';
import { serviceNow } from './clock.ts';

/** How often relative times are looked at again, ms. */
const EVERY_MS = 30_000;

let now = serviceNow();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) now = serviceNow();
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = serviceNow();
    for (const told of listeners) told();
  }, EVERY_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The time, renewed twice a minute. */
export function useNow(): Date {
  return useSyncExternalStore(subscribe, () => now);
}
