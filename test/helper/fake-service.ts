import type { Fields } from '../../client/guards.ts';
import type { Channel, Platform, Signal, Socket, Storage } from '../../client/index.ts';
import { memoryStorage } from '../../client/vault.ts';
import { randomOf } from '../simulation/random.ts';

/** Time that passes only when a test says so. */
export class TestClock {
  now = 1_000;
  readonly #timers = new Map<number, { readonly at: number; readonly task: () => void }>();
  #count = 0;

  readonly after = (milliseconds: number, task: () => void): (() => void) => {
    const id = ++this.#count;
    this.#timers.set(id, { at: this.now + milliseconds, task });
    return () => {
      this.#timers.delete(id);
    };
  };

  /** Lets so many milliseconds pass, and all that is due in them happen in its order. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.now + milliseconds;
    for (;;) {
      await settled();
      const [next] = [...this.#timers].sort(([a, one], [b, other]) => one.at - other.at || a - b);
      if (!next || next[1].at > end) break;
      this.#timers.delete(next[0]);
      this.now = Math.max(this.now, next[1].at);
      next[1].task();
    }
    this.now = end;
  }
}

/** Lets everything happen that waits for nothing but its turn. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
}

export interface FakeEvent extends Fields {
  readonly seq: number;
  readonly type: string;
}

type Answer = { readonly status: number; readonly body: unknown };

/** The socket of one client, as the service sees it. */
export class FakeSocket implements Socket {
  onopen: Socket['onopen'] = null;
  onmessage: Socket['onmessage'] = null;
  onclose: Socket['onclose'] = null;
  onerror: Socket['onerror'] = null;
  isOpen = true;
  /** It neither hears nor says anything any more, and nobody was told. */
  isSilent = false;
  readonly commands: Fields[] = [];
  readonly #answer: (command: Fields, socket: FakeSocket) => unknown;

  constructor(answer: (command: Fields, socket: FakeSocket) => unknown) {
    this.#answer = answer;
  }

  send(data: string): void {
    const command = JSON.parse(data) as Fields;
    this.commands.push(command);
    if (this.isSilent) return;
    const reply = this.#answer(command, this);
    if (reply !== undefined) queueMicrotask(() => this.say(reply));
  }

  /** Says something to the client; a text as it is. */
  say(frame: unknown): void {
    if (this.isOpen && !this.isSilent)
      this.onmessage?.({ data: typeof frame === 'string' ? frame : JSON.stringify(frame) });
  }

  close(): void {
    this.cut(1000);
  }

  cut(code = 1006): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.onclose?.({ code });
  }
}

/** A service of one room and one user, as small as it can be, which misbehaves as a test says. */
export class FakeService {
  readonly clock = new TestClock();
  readonly log: FakeEvent[] = [];
  readonly sockets: FakeSocket[] = [];
  readonly calls: string[] = [];
  /** Answers in place of the service's own; undefined leaves it to that. */
  onCommand: (command: Fields, socket: FakeSocket) => unknown = () => undefined;
  onCall: (path: string) => Answer | undefined = () => undefined;
  /** Whether a socket opens. */
  isUp = true;
  /** Seconds that a token is good for. */
  expiresIn = 900;
  /** Milliseconds by which the service's clock is ahead of the test's. */
  readonly epoch = Date.parse('2026-11-28T12:00:00.000Z');
  readonly #claims = new Map<string, number>();
  #tokens = 0;

  /** The socket that was opened last. */
  get socket(): FakeSocket {
    const last = this.sockets.at(-1);
    if (!last) throw new Error('no socket was opened');
    return last;
  }

  get time(): string {
    return new Date(this.epoch + this.clock.now).toISOString();
  }

  /** Surroundings of one client. */
  platform(
    changes: Partial<Platform> & { readonly storage?: Storage; readonly user?: string } = {},
  ): Platform & { signal(signal: Signal): void } {
    const { storage = memoryStorage(), user = 'alice', ...rest } = changes;
    const random = randomOf(this.sockets.length + 1);
    const listeners = new Set<(signal: Signal) => void>();
    let ids = 0;
    const name = Math.random().toString(36).slice(2, 8);
    return {
      now: () => this.clock.now,
      date: () => new Date(this.epoch + this.clock.now),
      random: () => random.next(),
      after: this.clock.after,
      newId: () => `${name}-${++ids}`,
      fetch: (url, init) => this.#fetch(String(url), init, user),
      openSocket: () => this.open(user),
      sendsHeaders: false,
      openStorage: async () => storage,
      openChannel: () => undefined,
      exclusively: (_, task) => task(),
      signals: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      isHidden: () => false,
      put: async () => ({ status: 204, text: '' }),
      signal: (signal) => {
        for (const listener of listeners) listener(signal);
      },
      ...rest,
    };
  }

  /** Commits an event; everyone who is connected hears of it unless `quietly`. */
  commit(fields: Fields, quietly = false): FakeEvent {
    const n = this.log.filter(({ type }) => type === 'message.created').length + 1;
    const event = {
      seq: this.log.length + 1,
      type: 'message.created',
      user: 'bobby',
      at: this.time,
      ...(fields.type === undefined ? { n } : {}),
      ...fields,
    };
    this.log.push(event);
    if (!quietly) this.tell([event]);
    return event;
  }

  tell(events: readonly unknown[]): void {
    for (const socket of this.sockets) socket.say({ type: 'events', room: 'general', events });
  }

  /** Messages as history shows them. */
  messages(): Fields[] {
    const edits = new Map(
      this.log.filter(({ type }) => type === 'message.edited').map((edit) => [edit.target, edit]),
    );
    return this.log
      .filter(({ type }) => type === 'message.created')
      .map((event) => {
        const edit = edits.get(event.seq);
        return { ...event, ...(edit ? { text: edit.text, editedAt: edit.at } : {}), reactions: {} };
      });
  }

  /** Opens a socket of a user. */
  open(user: string): FakeSocket {
    const socket = new FakeSocket(
      (command, from) => this.onCommand(command, from) ?? this.#reply(command, user),
    );
    this.sockets.push(socket);
    this.clock.after(5, () => {
      if (this.isUp) socket.onopen?.(undefined as never);
      else socket.cut();
    });
    return socket;
  }

  #reply(command: Fields, user: string): unknown {
    const { id, action } = command;
    const reply = (data: unknown) => ({ type: 'reply', id, action, data });
    switch (action) {
      case 'ping':
        return reply({ at: this.time });
      case 'sync': {
        const from = (command.rooms as Record<string, number> | undefined)?.general;
        const events = from === undefined ? [] : this.log.slice(from, from + 100);
        const more = from !== undefined && from + 100 < this.log.length;
        const counts = { seq: this.log.length, read: 0, unread: this.messages().length, mentions: 0 };
        return reply({ rooms: [{ room: 'general', ...counts, events, more }] });
      }
      case 'history': {
        const { before = Number.POSITIVE_INFINITY, limit = 50 } = command as {
          before?: number;
          limit?: number;
        };
        const all = this.messages().filter(({ seq }) => Number(seq) < before);
        return reply({ room: 'general', messages: all.slice(-limit), more: all.length > limit });
      }
      case 'sendMessage':
        return reply({ room: 'general', ...this.#send(command, user) });
      case 'markRead':
        return reply({ room: 'general', seq: command.seq, unread: 0 });
      default:
        return reply({ expiresAt: this.time, online: [], count: 0, room: 'general' });
    }
  }

  /** P3: one event for each id. */
  #send({ id, text }: Fields, user: string): { seq: number; at: unknown } {
    const claimed = this.#claims.get(`${user} ${id}`);
    const event = claimed === undefined ? this.commit({ id, text, user }) : this.log[claimed - 1];
    if (!event) throw new Error('a claim without its event');
    this.#claims.set(`${user} ${id}`, event.seq);
    return { seq: event.seq, at: event.at };
  }

  /** Forgets every id, as the service does after a day. */
  forgetIds(): void {
    this.#claims.clear();
  }

  async #fetch(url: string, init: RequestInit | undefined, user: string): Promise<Response> {
    const path = url.replace(/^.*\/api/, '').replace(/\?.*$/, '');
    this.calls.push(`${init?.method} ${path}`);
    const { status, body } = this.onCall(path) ?? this.#answer(path, user);
    return new Response(status === 204 ? null : typeof body === 'string' ? body : JSON.stringify(body), {
      status,
    });
  }

  #answer(path: string, name: string): Answer {
    if (path === '/auth/ticket') return { status: 201, body: { ticket: 't', expiresIn: 30 } };
    if (path === '/rooms') {
      const last = this.messages().at(-1);
      const counts = { seq: this.log.length, read: 0, unread: this.messages().length, mentions: 0 };
      const room = {
        room: 'general',
        name: 'General',
        kind: 'public',
        slowModeSeconds: 0,
        createdAt: this.time,
        role: 'member',
      };
      return {
        status: 200,
        body: { items: [{ ...room, ...counts, ...(last ? { lastMessage: last } : {}) }] },
      };
    }
    if (path === '/auth/logout') return { status: 204, body: undefined };
    const number = ++this.#tokens;
    const user = { user: name, displayName: name };
    const tokens = {
      accessToken: `access-${number}`,
      refreshToken: `refresh-${number}`,
      expiresIn: this.expiresIn,
    };
    return { status: 200, body: { user, ...tokens } };
  }
}

/** Tabs of one browser: what one posts the others hear. */
export function tabs(): () => Channel {
  const listeners = new Map<object, (message: unknown) => void>();
  return () => {
    const self = {};
    return {
      post: (message) => {
        for (const [tab, listener] of listeners) if (tab !== self) listener(structuredClone(message));
      },
      listen: (listener) => listeners.set(self, listener),
      close: () => listeners.delete(self),
    };
  };
}
