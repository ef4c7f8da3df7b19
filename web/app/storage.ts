/** The browser's storage for small things, where it has one: else they last as long as the page. */

const memory = new Map<string, string>();

export function readStored(key: string): string | undefined {
  try {
    return localStorage.getItem(key) ?? memory.get(key);
  } catch {
    return memory.get(key);
  }
}

export function store(key: string, value: string): void {
  memory.set(key, value);
  try {
    localStorage.setItem(key, value);
  } catch {
    // Denied or full: the copy in memory is what there is, and the app says so by what the client says of its storage.
  }
}

export function forget(key: string): void {
  memory.delete(key);
  try {
    localStorage.removeItem(key);
  } catch {
    // As above.
  }
}

/** Forgets all whose key begins so. */
export function forgetAll(prefix: string): void {
  for (const key of [...memory.keys()].filter((each) => each.startsWith(prefix))) memory.delete(key);
  try {
    for (const key of Object.keys(localStorage).filter((each) => each.startsWith(prefix))) forget(key);
  } catch {
    // As above.
  }
}
