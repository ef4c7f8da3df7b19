/** A browser's surroundings; where Node has the same, Node's. Nothing is touched before it is used. */
import { openIndexedDb } from './indexed-db.ts';
import type { Channel, Platform, Signal, Socket } from './platform.ts';
import { memoryStorage } from './vault.ts';

/** Milliseconds after which nobody waits for a lock any more. */
const LOCK_WITHIN = 10_000;

const isBrowser = typeof document !== 'undefined';

export function defaultPlatform(): Platform {
  return {
    now: () => performance.now(),
    date: () => new Date(),
    random: Math.random,
    after: (milliseconds, task) => {
      // Timers count in 31 bits; beyond them a task would come at once.
      const timer = setTimeout(task, Math.min(milliseconds, 2 ** 31 - 1));
      return () => clearTimeout(timer);
    },
    newId: () => crypto.randomUUID(),
    fetch: (...given) => fetch(...given),
    openSocket: (url) => new WebSocket(url) as unknown as Socket,
    sendsHeaders: false,
    openStorage: (name) => (isBrowser ? openIndexedDb(name) : Promise.resolve(memoryStorage())),
    openChannel: (name) => (isBrowser ? openChannel(name) : undefined),
    exclusively: (name, task) => (isBrowser && navigator.locks ? underLock(name, task) : task()),
    signals: listenToSignals,
    isHidden: () => isBrowser && document.hidden,
    put: async (request) => (await import('./put.ts')).put(request),
  };
}

function openChannel(name: string): Channel {
  const channel = new BroadcastChannel(name);
  return {
    post: (message) => channel.postMessage(message),
    listen: (listener) => {
      channel.onmessage = ({ data }) => listener(data);
    },
    close: () => channel.close(),
  };
}

/** Under a lock of all tabs; without it where the tab that holds it does not let go, as one that sleeps may not. */
function underLock<T>(name: string, task: () => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(LOCK_WITHIN);
  return navigator.locks.request<Promise<T>>(name, { signal }, task).catch((error: unknown) => {
    if (error !== signal.reason) throw error;
    return task();
  });
}

function listenToSignals(listener: (signal: Signal) => void): () => void {
  if (!isBrowser) return () => {};
  const stop = new AbortController();
  const { signal } = stop;
  addEventListener('online', () => listener('online'), { signal });
  addEventListener('offline', () => listener('offline'), { signal });
  document.addEventListener('visibilitychange', () => listener(document.visibilityState), { signal });
  return () => stop.abort();
}
