/** A browser's surroundings; where Node has the same, Node's. Nothing is touched before it is used. */
import { openIndexedDb } from './indexed-db.ts';
import type { Channel, Platform, Signal, Socket, UploadAnswer, UploadRequest } from './platform.ts';
import { memoryStorage } from './vault.ts';

const isBrowser = (): boolean => typeof document !== 'undefined';

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
    openStorage: (name) => (isBrowser() ? openIndexedDb(name) : Promise.resolve(memoryStorage())),
    openChannel: (name) => (isBrowser() && 'BroadcastChannel' in globalThis ? openChannel(name) : undefined),
    exclusively: (name, task) =>
      isBrowser() && navigator.locks
        ? (navigator.locks.request(name, task) as ReturnType<typeof task>)
        : task(),
    signals: listenToSignals,
    isHidden: () => isBrowser() && document.visibilityState === 'hidden',
    put: (request) =>
      typeof XMLHttpRequest === 'undefined' ? putByFetch(request) : putWithProgress(request),
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

function listenToSignals(listener: (signal: Signal) => void): () => void {
  if (!isBrowser()) return () => {};
  const stop = new AbortController();
  const { signal } = stop;
  addEventListener('online', () => listener('online'), { signal });
  addEventListener('offline', () => listener('offline'), { signal });
  document.addEventListener(
    'visibilitychange',
    () => listener(document.visibilityState === 'hidden' ? 'hidden' : 'visible'),
    { signal },
  );
  return () => stop.abort();
}

async function putByFetch({ method, url, body, onProgress, signal }: UploadRequest): Promise<UploadAnswer> {
  const response = await fetch(url, { method, body, ...(signal ? { signal } : {}) });
  const text = await response.text();
  if (response.ok && body instanceof Blob) onProgress(body.size);
  return { status: response.status, text };
}

/** `fetch` does not tell how far an upload is. */
function putWithProgress({ method, url, body, onProgress, signal }: UploadRequest): Promise<UploadAnswer> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = (): void => request.abort();
    request.open(method, url);
    request.upload.onprogress = ({ loaded }) => onProgress(loaded);
    request.onload = () => resolve({ status: request.status, text: request.responseText });
    request.onerror = () => reject(new Error('the storage can’t be reached'));
    request.onabort = () => reject(signal?.reason);
    request.onloadend = () => signal?.removeEventListener('abort', abort);
    signal?.addEventListener('abort', abort);
    request.send(body);
  });
}
