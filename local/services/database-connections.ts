import { connect, type Socket } from 'node:net';

/** A whole response as it came: head and body. */
export type RawResponse = Buffer;
type Settle = (response: RawResponse | Error) => void;

interface Waiting {
  readonly request: Buffer;
  readonly settle: Settle;
}

/** The database works on one call at a time: more connections would only queue there instead of here. */
const CONNECTIONS = 16;
const HEAD_END = Buffer.from('\r\n\r\n');
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;

/**
 * Kept-alive connections to our own database for requests that are passed on byte by byte. It speaks HTTP/1.1 with a
 * length on each answer; nothing else is understood, and nothing else comes.
 */
export class DatabaseConnections {
  readonly #host: string;
  readonly #port: number;
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();
  readonly #queue: Waiting[] = [];
  #closed = false;

  constructor(endpoint: string) {
    const { hostname, port } = new URL(endpoint);
    this.#host = hostname;
    this.#port = Number(port);
  }

  /** Calls back once, with the response or with the reason why there is none. */
  send(request: Buffer, settle: Settle): void {
    if (this.#closed) {
      settle(new Error('the engine ends'));
      return;
    }
    const connection = this.#idle.pop() ?? (this.#all.size < CONNECTIONS ? this.#open() : undefined);
    if (connection) connection.send(request, settle);
    else this.#queue.push({ request, settle });
  }

  close(): void {
    this.#closed = true;
    for (const connection of this.#all) connection.destroy();
    for (const { settle } of this.#queue.splice(0)) settle(new Error('the engine ends'));
  }

  #open(): Connection {
    const socket = connect({ host: this.#host, port: this.#port, noDelay: true });
    const connection = new Connection(
      socket,
      () => {
        const next = this.#queue.shift();
        if (next) connection.send(next.request, next.settle);
        else this.#idle.push(connection);
      },
      () => {
        this.#all.delete(connection);
        const index = this.#idle.indexOf(connection);
        if (index >= 0) this.#idle.splice(index, 1);
        const next = this.#queue.shift();
        if (next) this.send(next.request, next.settle);
      },
    );
    this.#all.add(connection);
    return connection;
  }
}

class Connection {
  readonly #socket: Socket;
  readonly #onIdle: () => void;
  #settle: Settle | undefined;
  #chunks: Buffer[] = [];
  #received = 0;
  /** Bytes of the response, 0 until its head is there. */
  #length = 0;

  constructor(socket: Socket, onIdle: () => void, onGone: () => void) {
    this.#socket = socket;
    this.#onIdle = onIdle;
    let reason = new Error('the database closed the connection');
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', (error) => {
      reason = error;
    });
    socket.on('close', () => {
      onGone();
      this.#finish(reason);
    });
  }

  send(request: Buffer, settle: Settle): void {
    this.#settle = settle;
    this.#socket.write(request);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#received += chunk.length;
    if (this.#length === 0) {
      const whole = this.#joined();
      const end = whole.indexOf(HEAD_END);
      if (end < 0) return;
      const length = CONTENT_LENGTH.exec(whole.toString('latin1', 0, end))?.[1];
      if (length === undefined) {
        this.#socket.destroy(new Error('the database answered without a length'));
        return;
      }
      this.#length = end + HEAD_END.length + Number(length);
    }
    if (this.#received < this.#length) return;
    const response = this.#joined();
    this.#chunks = [];
    this.#received = 0;
    this.#length = 0;
    const settle = this.#settle;
    this.#settle = undefined;
    this.#onIdle();
    settle?.(response);
  }

  #joined(): Buffer {
    const [only] = this.#chunks;
    if (this.#chunks.length === 1 && only) return only;
    const whole = Buffer.concat(this.#chunks);
    this.#chunks = [whole];
    return whole;
  }

  #finish(reason: Error): void {
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.(reason);
  }
}
