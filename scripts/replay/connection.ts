import { setTimeout as sleep } from 'node:timers/promises';
import { type Service, ServiceError } from './service.ts';
import { Socket, type WireEvent } from './socket.ts';

/** How long a command is tried before the replay gives up, ms: longer than any brake or restart should take. */
const PATIENCE = 180_000;
/** First pause before a command is sent, or a connection opened, again, ms; it doubles up to `LONGEST_PAUSE`. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 5_000;

/** What went on below a conversation that succeeded all the same. */
export interface Troubles {
  rateLimited: number;
  unavailable: number;
  reconnects: number;
}

export function noTroubles(): Troubles {
  return { rateLimited: 0, unavailable: 0, reconnects: 0 };
}

export interface ConnectionHandlers {
  /** A socket, the first or a later one, is about to be opened: events may come from now on. */
  onConnecting?(): void;
  onConnected?(): void;
  onEvents?(room: string, events: readonly WireEvent[]): void;
}

/**
 * A user's connection to the service: one WebSocket, opened again whenever it is lost, and commands that are sent again
 * under the same id until they are answered for good.
 */
export class Connection {
  readonly user: string;
  readonly #service: Service;
  readonly #websocket: string;
  readonly #troubles: Troubles;
  readonly #handlers: ConnectionHandlers;
  #socket: Promise<Socket> | undefined;
  #wanted = false;

  constructor(
    user: string,
    service: Service,
    websocket: string,
    troubles: Troubles,
    handlers: ConnectionHandlers = {},
  ) {
    this.user = user;
    this.#service = service;
    this.#websocket = websocket;
    this.#troubles = troubles;
    this.#handlers = handlers;
  }

  /** Connects, if it is not connected. @throws ServiceError when that does not work for three minutes */
  async open(): Promise<void> {
    this.#wanted = true;
    await this.#opened();
  }

  close(): void {
    this.#wanted = false;
    void this.#socket?.then(
      (socket) => socket.close(),
      () => {},
    );
    this.#socket = undefined;
  }

  /**
   * Sends a command, again where the protocol says so, over a new connection where the old one went.
   * @throws ServiceError for a refusal that sending again can't heal, or after three minutes
   */
  async command(action: string, fields: object, id: string): Promise<unknown> {
    const until = Date.now() + PATIENCE;
    for (let attempt = 0; ; attempt++) {
      try {
        const socket = await this.#opened();
        return await socket.command(action, fields, id);
      } catch (error) {
        if (!(error instanceof ServiceError) || Date.now() > until) throw error;
        await this.#recover(error, attempt);
      }
    }
  }

  async #recover(error: ServiceError, attempt: number): Promise<void> {
    if (error.code === 'unauthenticated') this.#drop();
    else if (!error.retriable) throw error;
    else if (error.code === 'closed') this.#drop();
    else if (error.code === 'rate_limited') this.#troubles.rateLimited += 1;
    else this.#troubles.unavailable += 1;
    await sleep(error.retryAfterMs ?? pauseBefore(attempt));
  }

  /** Hangs up a connection that is of no use any more; the next command opens another. */
  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#service.forgetToken(this.user);
    void socket?.then(
      (open) => open.close(),
      () => {},
    );
  }

  #opened(): Promise<Socket> {
    if (this.#socket === undefined) {
      const opening = this.#connect();
      this.#socket = opening;
      opening.catch(() => {
        if (this.#socket === opening) this.#socket = undefined;
      });
    }
    return this.#socket;
  }

  async #connect(): Promise<Socket> {
    const until = Date.now() + PATIENCE;
    for (let attempt = 0; ; attempt++) {
      try {
        const token = await this.#service.token(this.user);
        this.#handlers.onConnecting?.();
        const socket = await Socket.connect(this.#websocket, token, {
          onEvents: (room, events) => this.#handlers.onEvents?.(room, events),
          onClosed: () => this.#lost(),
        });
        this.#handlers.onConnected?.();
        return socket;
      } catch (error) {
        if (!(error instanceof ServiceError) || Date.now() > until) throw error;
        if (error.code === 'unauthenticated') this.#service.forgetToken(this.user);
        else if (!error.retriable) throw error;
        await sleep(pauseBefore(attempt));
      }
    }
  }

  #lost(): void {
    this.#socket = undefined;
    if (!this.#wanted) return;
    this.#troubles.reconnects += 1;
    // What this throws, the next command throws too: it connects again.
    this.#opened().catch(() => {});
  }
}

function pauseBefore(attempt: number): number {
  return Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** attempt) * (0.5 + Math.random() / 2);
}
