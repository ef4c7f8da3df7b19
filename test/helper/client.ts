import { WebSocket } from 'ws';
import { type Endpoint, patience, pause } from './endpoint.ts';
import { type DataOf, type Frame, type Reply, type RoomEvent, readFrame, type ServedAction } from './wire.ts';

/** How to come in. */
export interface Entrance {
  readonly token?: string;
  readonly ticket?: string;
  readonly origin?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Functions are made to fail: API Gateway's own answer for them is counted, where else it would be a broken frame. */
  readonly expectsCrashes?: boolean;
}

/** The service refused the handshake with an HTTP status. */
export class HandshakeRefusal extends Error {
  override readonly name = 'HandshakeRefusal';
  readonly status: number;

  constructor(status: number) {
    super(`the handshake was refused with ${status}`);
    this.status = status;
  }
}

/** A command was answered with an error where the test counted on success. */
export class CommandRefusal extends Error {
  override readonly name = 'CommandRefusal';
  readonly reply: Reply;

  constructor(action: string, reply: Reply) {
    super(`${action} was refused: ${JSON.stringify(reply.error)}`);
    this.reply = reply;
  }
}

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** What a client heard, in the order of arrival. */
export type Listener = (frame: Frame) => void;

interface Waiter {
  readonly look: () => boolean;
  readonly fail: (error: Error) => void;
}

/** At most this many times a command is sent again because of the rate limit: the bucket fills in seconds. */
const MAX_RETRIES = 8;

/** API Gateway's answer where the function behind a route failed. */
const CRASH =
  /^\{"message":\s*"Internal server error",\s*"connectionId":\s*"[^"]+",\s*"requestId":\s*"[^"]+"\}$/;

let lastId = 0;

/**
 * A client that knows protocol.md and nothing else. It keeps every frame, checks each against the document, and waits
 * with a time limit.
 */
export class Client {
  readonly frames: Frame[] = [];
  /** Resolves when the connection is closed, by whichever side. */
  readonly closed: Promise<Closed>;
  readonly expectsCrashes: boolean;
  readonly #socket: WebSocket;
  readonly #waiters = new Set<Waiter>();
  readonly #listeners: Listener[] = [];
  #crashes = 0;
  #leaving = false;
  #fault: Error | undefined;
  #end: Closed | undefined;

  /** Use {@link openClient}. */
  constructor(socket: WebSocket, expectsCrashes = false) {
    this.expectsCrashes = expectsCrashes;
    this.#socket = socket;
    socket.on('message', (data: Buffer, binary: boolean) => this.#hear(data, binary));
    socket.on('error', () => {
      // A broken connection is a closed one: 'close' follows, and that is what tests look at.
    });
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        this.#end = { code, reason: reason.toString() };
        resolve(this.#end);
        this.#wake();
      });
    });
  }

  /** How often API Gateway answered for a function that failed. */
  get crashes(): number {
    return this.#crashes;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** Whether this side ended the connection. */
  get isLeaving(): boolean {
    return this.#leaving;
  }

  /** How the connection ended, once it has. */
  get end(): Closed | undefined {
    return this.#end;
  }

  /** What broke the protocol first: a frame that protocol.md does not allow. Every wait fails with it. */
  get fault(): Error | undefined {
    return this.#fault;
  }

  /** Calls `listener` with each frame that arrives from now on. */
  listen(listener: Listener): void {
    this.#listeners.push(listener);
  }

  /** Sends whatever it is given, as it is. */
  sendRaw(data: string | Buffer): void {
    this.#socket.send(data);
  }

  /**
   * Sends a command and waits for the reply with its `id`, be it data or an error. Waits and sends again where the
   * connection's rate limit says so, unless `patient` is false.
   */
  async ask(command: Record<string, unknown>, options: { patient?: boolean } = {}): Promise<Reply> {
    const id = typeof command.id === 'string' ? command.id : nextId();
    for (let round = 0; ; round++) {
      const from = this.frames.length;
      this.sendRaw(JSON.stringify({ ...command, id }));
      const reply = await this.nextReply(from, id);
      const wait = retryAfter(reply);
      if (wait === undefined || options.patient === false || round === MAX_RETRIES) return reply;
      await pause(wait);
    }
  }

  /**
   * As {@link ask}, for a command that must succeed.
   *
   * @throws {CommandRefusal} when it does not.
   */
  async command<A extends ServedAction>(action: A, fields: Record<string, unknown> = {}): Promise<DataOf[A]> {
    const reply = await this.ask({ action, ...fields });
    if (reply.error) throw new CommandRefusal(action, reply);
    return reply.data as DataOf[A];
  }

  /** Sends raw text or bytes and waits for the next reply, whatever its id; honours the rate limit. */
  async askRaw(data: string | Buffer): Promise<Reply> {
    for (let round = 0; ; round++) {
      const from = this.frames.length;
      this.sendRaw(data);
      const reply = await this.nextReply(from);
      const wait = retryAfter(reply);
      if (wait === undefined || round === MAX_RETRIES) return reply;
      await pause(wait);
    }
  }

  /** The first reply among the frames from index `from` on, with that `id` if one is given. */
  nextReply(from: number, id?: string, limit?: number): Promise<Reply> {
    const find = () => {
      for (let index = from; index < this.frames.length; index++) {
        const frame = this.frames[index];
        if (frame?.type === 'reply' && (id === undefined || frame.id === id)) return frame;
      }
      return undefined;
    };
    return this.waitFor(`a reply${id === undefined ? '' : ` to ${id}`}`, find, limit);
  }

  /** The events of a room that were delivered so far, in the order of arrival, repeats and all. */
  heard(room: string): RoomEvent[] {
    return this.frames.flatMap((frame) =>
      frame.type === 'events' && frame.room === room ? frame.events : [],
    );
  }

  /** Waits until the event with number `seq` of the room was delivered. */
  untilHeard(room: string, seq: number): Promise<RoomEvent> {
    return this.waitFor(`event ${seq} of ${room}`, () => this.heard(room).find((event) => event.seq === seq));
  }

  /**
   * Waits until `find` finds something among what has arrived.
   *
   * @throws {Error} when the time is over, the connection closes, or a frame breaks the protocol.
   */
  waitFor<T>(what: string, find: () => T | undefined, limit = patience().forWhatMustCome): Promise<T> {
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        settle();
      };
      const waiter: Waiter = {
        look: () => {
          const found = find();
          if (found !== undefined) finish(() => resolve(found));
          return found !== undefined;
        },
        fail: (error) => finish(() => reject(error)),
      };
      const timer = setTimeout(() => {
        const last = JSON.stringify(this.frames.slice(-3)).slice(0, 600);
        waiter.fail(new Error(`waited ${limit} ms in vain for ${what}; the last frames were ${last}`));
      }, limit);
      this.#waiters.add(waiter);
      this.#check(waiter, what);
    });
  }

  /** Closes politely and waits for the other side's agreement. */
  async close(): Promise<void> {
    this.#leaving = true;
    this.#socket.close();
    await this.closed;
  }

  /** Cuts the connection without a word, as a train in a tunnel does. */
  terminate(): void {
    this.#leaving = true;
    this.#socket.terminate();
  }

  #hear(data: Buffer, binary: boolean): void {
    if (this.expectsCrashes && CRASH.test(data.toString())) {
      this.#crashes++;
      return;
    }
    try {
      if (binary) throw new Error('a binary frame came');
      const frame = readFrame(data.toString());
      this.frames.push(frame);
      for (const listener of this.#listeners) listener(frame);
    } catch (error) {
      this.#fault ??= error instanceof Error ? error : new Error(String(error));
    }
    this.#wake();
  }

  #wake(): void {
    for (const waiter of [...this.#waiters]) this.#check(waiter, 'more');
  }

  #check(waiter: Waiter, what: string): void {
    if (this.#fault) {
      waiter.fail(this.#fault);
    } else if (!waiter.look() && this.#end) {
      waiter.fail(new Error(`waited for ${what}, but the connection was closed with ${this.#end.code}`));
    }
  }
}

/**
 * Opens a connection.
 *
 * @param listener called with each frame, from the very first on.
 * @throws {HandshakeRefusal} when the service answers the handshake with a status.
 */
export function openClient(endpoint: Endpoint, entrance: Entrance, listener?: Listener): Promise<Client> {
  const query = entrance.ticket === undefined ? '' : `?ticket=${encodeURIComponent(entrance.ticket)}`;
  const socket = new WebSocket(`${endpoint.websocket}${query}`, {
    headers: {
      ...(entrance.token === undefined ? {} : { authorization: `Bearer ${entrance.token}` }),
      ...entrance.headers,
    },
    ...(entrance.origin === undefined ? {} : { origin: entrance.origin }),
    handshakeTimeout: patience().forWhatMustCome,
  });
  const client = new Client(socket, entrance.expectsCrashes);
  if (listener) client.listen(listener);
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(client));
    socket.once('error', reject);
    socket.once('unexpected-response', (request, response) => {
      reject(new HandshakeRefusal(response.statusCode ?? 0));
      response.resume();
      request.destroy();
    });
  });
}

/**
 * What `ask` gives; undefined where the client's connection went away meanwhile.
 *
 * @throws {Error} what `ask` throws for any other reason.
 */
export async function whileOpen<T>(client: Client, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (client.fault || !client.end) throw error;
    return undefined;
  }
}

/** The status with which a handshake is refused; 101 when it is not. */
export async function handshakeStatus(endpoint: Endpoint, entrance: Entrance): Promise<number> {
  try {
    const client = await openClient(endpoint, entrance);
    await client.close();
    return 101;
  } catch (error) {
    if (error instanceof HandshakeRefusal) return error.status;
    throw error;
  }
}

/** A new id for a command, unique in this process. */
export function nextId(): string {
  lastId += 1;
  return `c${process.pid}-${lastId}`;
}

function retryAfter(reply: Reply): number | undefined {
  return reply.error?.code === 'rate_limited' ? (reply.error.retryAfterMs ?? 1_000) : undefined;
}
