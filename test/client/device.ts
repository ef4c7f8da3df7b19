import {
  type ConnectionState,
  connect,
  type Parley,
  type Room,
  type Storage,
  type Timing,
  until,
} from '../../client/index.ts';
import { memoryStorage } from '../../client/vault.ts';
import type { Endpoint } from '../helper/endpoint.ts';
import type { Random } from '../simulation/random.ts';
import type { Network } from './network.ts';

/** The client's times, shortened so that a run meets each of them. */
export const FAST: Partial<Timing> = {
  connectionLifetime: 4_500,
  replaceWithin: 1_500,
  pingAfter: 500,
  // A slow machine shall not look like a dead connection.
  pongWithin: 2_500,
  replyWithin: 4_000,
  giveUpAfter: 10_000,
  retryFirst: 30,
  retryMost: 400,
  gapPatience: 100,
};

/** A client that is not online after so long, once nothing goes wrong any more, never will be. Milliseconds. */
const READY_WITHIN = 30_000;

/** Somebody with a storage that outlives its clients, as a browser's outlives its pages. */
export interface Person {
  readonly user: string;
  readonly storage: Storage;
}

/** A storage that a page writes to no more once it is gone. */
function leased(storage: Storage): { readonly storage: Storage; end(): void } {
  let isOver = false;
  return {
    storage: {
      get: (key) => storage.get(key),
      list: (prefix) => storage.list(prefix),
      set: async (key, value) => (isOver ? undefined : storage.set(key, value)),
      delete: async (key) => (isOver ? undefined : storage.delete(key)),
    },
    end() {
      isOver = true;
    },
  };
}

export async function newPerson(endpoint: Endpoint, user: string): Promise<Person> {
  const storage = memoryStorage();
  const parley = connect({
    url: endpoint.http,
    websocketUrl: endpoint.websocket,
    platform: { openStorage: async () => storage },
  });
  await parley.register({ username: user, password: 'long enough for this' });
  await parley.close();
  return { user, storage };
}

/** A person's client, which is loaded again now and then, and what it was told of its room. */
export class Device {
  readonly person: Person;
  /** Everything that was written, by text. */
  readonly written = new Set<string>();
  readonly violations: string[] = [];
  readonly problems: string[] = [];
  readonly #endpoint: Endpoint;
  readonly #network: Network;
  readonly #roomId: string;
  readonly #timing: Partial<Timing>;
  readonly #random: Random;
  #parley: Parley;
  #end: () => void;
  #count = 0;

  constructor(
    endpoint: Endpoint,
    network: Network,
    person: Person,
    { room, random, timing = FAST }: { room: string; random: Random; timing?: Partial<Timing> },
  ) {
    this.#endpoint = endpoint;
    this.#network = network;
    this.person = person;
    this.#roomId = room;
    this.#timing = timing;
    this.#random = random;
    [this.#parley, this.#end] = this.#load();
  }

  get parley(): Parley {
    return this.#parley;
  }

  get room(): Room {
    return this.#parley.room(this.#roomId);
  }

  get items() {
    return this.room.messages.getSnapshot().items;
  }

  async ready(): Promise<void> {
    const isSettled = ({ status }: ConnectionState) => status === 'online' || status === 'closed';
    const state = await until(this.#parley.state, isSettled, AbortSignal.timeout(READY_WITHIN)).catch(() =>
      this.#parley.state.getSnapshot(),
    );
    if (state.status !== 'online')
      throw new Error(`${this.person.user} is ${JSON.stringify(state)}: ${this.problems.slice(-3)}`);
  }

  say(): void {
    const text = `${this.person.user} says ${++this.#count}`;
    this.written.add(text);
    this.room.send(text);
  }

  /** Changes some message that is shown. What is refused is refused. */
  async change(): Promise<void> {
    const sent = this.items.filter((item) => item.status === 'sent' && !item.deleted);
    const message = this.#random.pick(sent.slice(-12));
    if (message?.status !== 'sent') return;
    const isOwn = message.user === this.person.user;
    const emoji = this.#random.pick(['👍', '🎉', ':wave:']) ?? '👍';
    const change = this.#random.weighted({
      react: 4,
      unreact: 2,
      edit: isOwn ? 3 : 0,
      delete: isOwn ? 1 : 0,
      reply: 2,
    });
    if (change === 'react') await this.room.react(message.seq, emoji);
    else if (change === 'unreact') await this.room.unreact(message.seq, emoji);
    else if (change === 'edit') await this.room.edit(message.seq, `${message.text} (edited)`);
    else if (change === 'delete') await this.room.delete(message.seq);
    else if (message.thread === undefined) {
      const text = `${this.person.user} replies ${++this.#count}`;
      this.written.add(text);
      this.room.thread(message.seq).send(text);
    }
  }

  /** A reply whose root was deleted before it was sent can't be sent: that is as it should be. */
  discardOrphans(): void {
    for (const { id, text, thread, error } of this.parley.outbox.getSnapshot()) {
      if (thread === undefined || error?.code !== 'not_found') continue;
      this.room.discard(id);
      this.written.delete(text);
    }
  }

  /** The page is gone without a word, and loaded again. */
  async reload(): Promise<void> {
    this.#end();
    [this.#parley, this.#end] = this.#load();
    await this.#parley.ready;
  }

  close(): void {
    this.#end();
  }

  #load(): [Parley, () => void] {
    const lease = leased(this.person.storage);
    const parley = connect({
      url: this.#endpoint.http,
      websocketUrl: this.#endpoint.websocket,
      timing: this.#timing,
      platform: { ...this.#network.platform(), openStorage: async () => lease.storage },
    });
    /** What listeners were told, in order; loading the page again begins it anew. */
    const heard: number[] = [];
    const room = parley.room(this.#roomId);
    room.messages.subscribe(() => this.#look(room));
    room.on('event', ({ seq }) => {
      const last = heard.at(-1);
      if (last !== undefined && seq !== last + 1) this.violations.push(`heard ${seq} after ${last}`);
      heard.push(seq);
    });
    room.on('reset', ({ seq }) => this.violations.push(`was reset to ${seq}`));
    parley.on('problem', ({ what }) => {
      // Asked for over a connection that was lost meanwhile, a gap is filled by the next one.
      if (!what.startsWith('a gap in')) this.problems.push(what);
    });
    return [
      parley,
      () => {
        lease.end();
        void parley.close();
      },
    ];
  }

  /** At no moment is anything shown twice or out of order. */
  #look(room: Room): void {
    const { items } = room.messages.getSnapshot();
    const keys = items.map(({ key }) => key);
    if (new Set(keys).size !== keys.length) this.violations.push(`showed a message twice: ${keys.join(' ')}`);
    const seqs = items.flatMap((item) => (item.status === 'sent' ? [item.seq] : []));
    if (seqs.some((seq, at) => at > 0 && seq <= (seqs[at - 1] ?? 0)))
      this.violations.push(`showed ${seqs.join(' ')}`);
    const texts = items.flatMap((item) => (item.status === 'sent' ? [] : [item.text]));
    const order = texts.map((text) => Number(text?.split(' ').at(-1)));
    if (order.some((number, at) => at > 0 && number < (order[at - 1] ?? 0)))
      this.violations.push(`held ${texts.join(', ')}`);
  }
}
