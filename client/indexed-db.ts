/** Storage in a browser that outlives the page. */
import type { Storage } from './platform.ts';

const STORE = 'values';

/**
 * Opens a database of one store with a value for each key.
 *
 * @throws what the browser says, where it lets no page store anything.
 */
export async function openIndexedDb(name: string): Promise<Storage> {
  const opening = indexedDB.open(name, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  const database = await result(opening);
  // Another tab may want a newer version of it, or to delete it.
  database.onversionchange = () => database.close();
  const store = (mode: IDBTransactionMode): IDBObjectStore =>
    database.transaction(STORE, mode).objectStore(STORE);
  return {
    get: async (key) => result(store('readonly').get(key)),
    set: async (key, value) => done(store('readwrite'), (values) => values.put(value, key)),
    delete: async (key) => done(store('readwrite'), (values) => values.delete(key)),
    async list(prefix) {
      const values = store('readonly');
      const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
      const [keys, all] = await Promise.all([result(values.getAllKeys(range)), result(values.getAll(range))]);
      return keys.map((key, index) => [String(key), all[index]] as const);
    },
  };
}

function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Resolves once it is on the disk: only the transaction's end says so. */
function done(store: IDBObjectStore, act: (store: IDBObjectStore) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    const { transaction } = store;
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
    act(store);
  });
}
