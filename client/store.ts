/** Values that change, and who is told. */

/**
 * Something that changes, as React's `useSyncExternalStore` takes it. A snapshot stays the same object until something changed.
 *
 * @example
 * const rooms = useSyncExternalStore(parley.rooms.subscribe, parley.rooms.getSnapshot);
 * @example
 * const stop = parley.state.subscribe(() => console.log(parley.state.getSnapshot().status));
 */
export interface Observable<T> {
  readonly getSnapshot: () => T;
  /** Calls `listener` after each change, until what it returns is called. */
  readonly subscribe: (listener: () => void) => () => void;
}

/** An observable and the side that changes it. */
export class Store<T> implements Observable<T> {
  #value: T;
  readonly #listeners = new Set<() => void>();
  readonly #onFirst: (() => void) | undefined;

  /** @param onFirst called when somebody begins to look: what is costly to know is asked for then. */
  constructor(value: T, onFirst?: () => void) {
    this.#value = value;
    this.#onFirst = onFirst;
  }

  readonly getSnapshot = (): T => this.#value;

  readonly subscribe = (listener: () => void): (() => void) => {
    // A listener of its own for each subscription: the same function may come twice.
    const own = (): void => listener();
    this.#listeners.add(own);
    if (this.#listeners.size === 1) this.#onFirst?.();
    return () => {
      this.#listeners.delete(own);
    };
  };

  /** Whether somebody looks. */
  get isWatched(): boolean {
    return this.#listeners.size > 0;
  }

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of [...this.#listeners]) listener();
  }

  update(change: (value: T) => T): void {
    this.set(change(this.#value));
  }
}

/** Whether two lists hold the same. */
export function isSameList(some: readonly unknown[], others: readonly unknown[]): boolean {
  return some.length === others.length && some.every((item, at) => item === others[at]);
}

/**
 * Resolves with the first snapshot that `accepts`.
 *
 * @throws the signal's reason, when it is aborted before.
 * @example
 * await until(parley.state, ({ status }) => status === 'online');
 */
export function until<T, S extends T>(
  store: Observable<T>,
  accepts: (value: T) => value is S,
  signal?: AbortSignal,
): Promise<S>;
export function until<T>(
  store: Observable<T>,
  accepts: (value: T) => boolean,
  signal?: AbortSignal,
): Promise<T>;
export function until<T>(
  store: Observable<T>,
  accepts: (value: T) => boolean,
  signal?: AbortSignal,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const value = store.getSnapshot();
      if (!accepts(value)) return;
      end();
      resolve(value);
    };
    const abort = (): void => {
      end();
      reject(signal?.reason);
    };
    const stop = store.subscribe(look);
    const end = (): void => {
      stop();
      signal?.removeEventListener('abort', abort);
    };
    if (signal?.aborted) abort();
    else {
      signal?.addEventListener('abort', abort);
      look();
    }
  });
}
