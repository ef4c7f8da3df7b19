/** What is kept over reloads; in memory where that is refused, and then it says so. */
import type { Platform, Storage } from './platform.ts';
import { Store } from './store.ts';
import type { StorageState } from './types.ts';

/** Keys of what can be read again from the service: the first to go where the disk is full. */
export const CACHE = 'cache/';

export function memoryStorage(): Storage {
  const values = new Map<string, unknown>();
  return {
    get: async (key) => values.get(key),
    set: async (key, value) => {
      values.set(key, structuredClone(value));
    },
    delete: async (key) => {
      values.delete(key);
    },
    list: async (prefix) => [...values].filter(([key]) => key.startsWith(prefix)),
  };
}

/** A storage that never fails. What could not be written is held in memory, and hides what lies below. */
export class Vault implements Storage {
  readonly state = new Store<StorageState>({ kind: 'persistent' });
  readonly #below: Promise<Storage | undefined>;
  readonly #held = new Map<string, unknown>();

  constructor(platform: Platform, name: string) {
    this.#below = this.#attempt(async () => platform.openStorage(name));
  }

  async get(key: string): Promise<unknown> {
    if (this.#held.has(key)) return this.#held.get(key);
    return this.#attempt(async () => (await this.#below)?.get(key));
  }

  async set(key: string, value: unknown): Promise<void> {
    this.#held.set(key, value);
    await this.#attempt(async () => {
      const below = await this.#below;
      await below?.set(key, value).catch(async () => {
        await this.clear(CACHE);
        await below.set(key, value);
      });
      if (below && this.#held.get(key) === value) this.#held.delete(key);
    });
  }

  async delete(key: string): Promise<void> {
    this.#held.delete(key);
    await this.#attempt(async () => (await this.#below)?.delete(key));
  }

  async list(prefix: string): Promise<readonly (readonly [key: string, value: unknown])[]> {
    const stored = (await this.#attempt(async () => (await this.#below)?.list(prefix))) ?? [];
    const held = [...this.#held].filter(([key]) => key.startsWith(prefix));
    return [...new Map([...stored, ...held])];
  }

  /** Forgets all whose keys begin so. */
  async clear(prefix: string): Promise<void> {
    for (const [key] of await this.list(prefix)) await this.delete(key);
  }

  async #attempt<T>(task: () => Promise<T>): Promise<T | undefined> {
    try {
      return await task();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      // The first reason is the one to show.
      this.state.update((state) => (state.kind === 'memory' ? state : { kind: 'memory', reason }));
      return undefined;
    }
  }
}
