/** Events with a type: to listeners, and as something to iterate over. */

/** Listens to events of `E`, a record of what each name carries. */
export interface Listenable<E> {
  /**
   * Calls `listener` with each event of that name, until what it returns is called.
   *
   * @example
   * const stop = room.on('message.created', (event) => console.log(event.user, event.text));
   */
  on<K extends keyof E>(name: K, listener: (event: E[K]) => void): () => void;

  /**
   * The events of that name from now on. None is dropped while the loop is busy; it ends with the signal or when the client is closed.
   *
   * @example
   * for await (const { room, preview } of parley.events('notification')) show(room, preview);
   */
  events<K extends keyof E>(
    name: K,
    options?: { readonly signal?: AbortSignal },
  ): AsyncIterableIterator<E[K]>;
}

/** Tells listeners. What one of them throws is its own affair: it is reported as uncaught, and the others are told. */
export class Emitter<E> implements Listenable<E> {
  readonly #listeners = new Map<keyof E, Set<(event: never) => void>>();
  readonly #ends = new Set<() => void>();

  on<K extends keyof E>(name: K, listener: (event: E[K]) => void): () => void {
    const own = (event: E[K]): void => listener(event);
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(own));
    return () => {
      listeners.delete(own);
    };
  }

  emit<K extends keyof E>(name: K, event: E[K]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        (listener as (event: E[K]) => void)(event);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  /** Ends every loop. */
  end(): void {
    for (const end of [...this.#ends]) end();
  }

  events<K extends keyof E>(name: K, { signal }: { signal?: AbortSignal } = {}): AsyncIterableIterator<E[K]> {
    const waiting: E[K][] = [];
    let ended = signal?.aborted ?? false;
    let wake = (): void => {};
    const stop = this.on(name, (event) => {
      waiting.push(event);
      wake();
    });
    const end = (): void => {
      ended = true;
      stop();
      this.#ends.delete(end);
      signal?.removeEventListener('abort', end);
      wake();
    };
    signal?.addEventListener('abort', end);
    this.#ends.add(end);
    if (ended) end();
    const iterator: AsyncIterableIterator<E[K]> = {
      async next() {
        while (waiting.length === 0 && !ended) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        return waiting.length > 0
          ? { done: false, value: waiting.shift() as E[K] }
          : { done: true, value: undefined };
      },
      async return() {
        waiting.length = 0;
        end();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }
}
