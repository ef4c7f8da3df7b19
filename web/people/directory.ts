import type { Parley } from '../../client/index.ts';
import { type Observable, Store } from '../../client/store.ts';

/** People that are read at once, at most: three pages, more than most services have. */
const PAGES = 3;
const PAGE = 100;
/** Between two questions for one name, ms: well below the limit on a user's calls. */
const PAUSE_MS = 1_000;

/** Display names by user id. Lists of members and messages hold ids alone: this asks for the names that are shown, once each. */
export class Directory {
  readonly #parley: Parley;
  readonly #names = new Store<ReadonlyMap<string, string>>(new Map());
  readonly #asked = new Set<string>();
  readonly #waiting: string[] = [];
  #isAsking = false;

  constructor(parley: Parley) {
    this.#parley = parley;
  }

  /** Names that are known so far. */
  get names(): Observable<ReadonlyMap<string, string>> {
    return this.#names;
  }

  /** Reads those who come first by their ids. */
  async load(): Promise<void> {
    let cursor: string | undefined;
    for (let page = 0; page < PAGES; page++) {
      const { items, cursor: next } = await this.#parley.users({ limit: PAGE, ...(cursor && { cursor }) });
      this.#learn(items);
      cursor = next;
      if (cursor === undefined) return;
    }
  }

  /** Sees to it that a name is known at some time. */
  want(user: string): void {
    if (this.#names.getSnapshot().has(user) || this.#asked.has(user)) return;
    this.#asked.add(user);
    this.#waiting.push(user);
    if (!this.#isAsking) void this.#ask();
  }

  /** Takes names that came with something else. */
  learn(people: readonly { readonly user: string; readonly displayName: string }[]): void {
    this.#learn(people);
  }

  async #ask(): Promise<void> {
    this.#isAsking = true;
    // What is being read as a whole may bring it.
    await pause();
    for (let user = this.#waiting.shift(); user !== undefined; user = this.#waiting.shift()) {
      if (this.#names.getSnapshot().has(user)) continue;
      try {
        const { items } = await this.#parley.users({ prefix: user, limit: 1 });
        this.#learn(items.filter((person) => person.user === user));
      } catch {
        // Without its name somebody is called by the id; whoever is shown again is asked for again.
        this.#asked.delete(user);
      }
      await pause();
    }
    this.#isAsking = false;
  }

  #learn(people: readonly { readonly user: string; readonly displayName: string }[]): void {
    const known = this.#names.getSnapshot();
    const news = people.filter(({ user, displayName }) => known.get(user) !== displayName);
    if (news.length === 0) return;
    this.#names.set(
      new Map([...known, ...news.map(({ user, displayName }) => [user, displayName] as const)]),
    );
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, PAUSE_MS);
  });
}
