import { type RawData, WebSocket } from 'ws';
import { ServiceError } from './service.ts';

/** How long a command may go unanswered, ms. Longer than the 29 s after which API Gateway gives up on a handler. */
const REPLY_TIMEOUT = 35_000;
/** How long a handshake may take, ms. */
const CONNECT_TIMEOUT = 30_000;

/** An event as it travels; what else it carries is the type's own. */
export interface WireEvent {
  readonly seq: number;
  readonly type: string;
  readonly user: string;
  readonly text?: string | undefined;
}

export interface SocketHandlers {
  /** A frame of events, ascending. `at`: when it arrived, ms of `performance.now()`. */
  onEvents(room: string, events: readonly WireEvent[], at: number): void;
  /** The connection ended without `close()`. */
  onClosed(reason: string): void;
}

type Frame =
  | {
      type: 'reply';
      id: string;
      data?: unknown;
      error?: { code: string; message: string; retryAfterMs?: number };
    }
  | { type: 'events'; room: string; events: WireEvent[] }
  | { type: 'closing'; code: string };

interface Waiting {
  resolve(data: unknown): void;
  reject(error: ServiceError): void;
  readonly timer: NodeJS.Timeout;
}

/** One WebSocket of one user: commands with their replies, and the events in between. */
export class Socket {
  readonly #socket: WebSocket;
  readonly #handlers: SocketHandlers;
  readonly #waiting = new Map<string, Waiting>();
  #closing = '';
  #closed = false;
  #nextId = 0;

  private constructor(socket: WebSocket, handlers: SocketHandlers) {
    this.#socket = socket;
    this.#handlers = handlers;
    socket.on('message', (data) => this.#receive(data));
    socket.on('error', () => socket.terminate());
    socket.once('close', (code) => this.#end(this.#closing || `closed with ${code}`));
  }

  /**
   * Opens a connection; it hears its rooms when the promise resolves.
   * @throws ServiceError `unauthenticated` or `forbidden` where the handshake was refused for that, else `unreachable`
   */
  static connect(url: string, token: string, handlers: SocketHandlers): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url, {
        headers: { authorization: `Bearer ${token}` },
        perMessageDeflate: false,
        handshakeTimeout: CONNECT_TIMEOUT,
      });
      // The listeners are there before the first frame can be: events may follow the handshake in one packet.
      const open = new Socket(socket, handlers);
      socket.once('open', () => resolve(open));
      socket.once('unexpected-response', (request, response) => {
        open.#closed = true;
        request.destroy();
        const status = response.statusCode ?? 0;
        reject(new ServiceError(codeOf(status), `unable to connect; the handshake was answered ${status}`));
      });
      socket.once('error', (error) => {
        open.#closed = true;
        reject(new ServiceError('unreachable', `unable to connect; ${error.message}`));
      });
    });
  }

  /**
   * Sends a command and waits for its reply's `data`.
   * @throws ServiceError with the reply's code; `closed` where the connection went first, or no reply came
   */
  command(action: string, fields: object, id = `c${this.#nextId++}`): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#closed)
        return reject(new ServiceError('closed', `unable to ${action}; the connection is closed`));
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new ServiceError('closed', `unable to ${action}; no reply came in ${REPLY_TIMEOUT / 1000} s`));
      }, REPLY_TIMEOUT);
      this.#waiting.set(id, { resolve, reject, timer });
      this.#socket.send(JSON.stringify({ action, id, ...fields }));
    });
  }

  close(): void {
    this.#closed = true;
    this.#socket.close();
  }

  #receive(data: RawData): void {
    const at = performance.now();
    const frame = JSON.parse(data.toString()) as Partial<Frame>;
    if (frame.type === 'events' && frame.room !== undefined && frame.events !== undefined) {
      this.#handlers.onEvents(frame.room, frame.events, at);
    } else if (frame.type === 'reply' && frame.id !== undefined) {
      this.#answer(frame.id, frame);
    } else if (frame.type === 'closing') {
      this.#closing = frame.code ?? 'closing';
    }
  }

  #answer(id: string, { data, error }: Partial<Extract<Frame, { type: 'reply' }>>): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    if (error === undefined) waiting.resolve(data);
    else waiting.reject(new ServiceError(error.code, error.message, error.retryAfterMs));
  }

  #end(reason: string): void {
    const expected = this.#closed;
    this.#closed = true;
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(new ServiceError('closed', `unable to finish; ${reason}`));
    }
    this.#waiting.clear();
    if (!expected) this.#handlers.onClosed(reason);
  }
}

function codeOf(status: number): string {
  if (status === 401) return 'unauthenticated';
  if (status === 403) return 'forbidden';
  return 'unreachable';
}
