/** One open WebSocket of a client. */
import type { WebSocket } from 'ws';
import { FRAME_BYTES } from './limits.ts';
import type { ConnectionIdentity } from './websocket-events.ts';

export interface CloseReason {
  readonly code: number;
  readonly reason: string;
}

export class Connection {
  readonly identity: ConnectionIdentity;
  readonly #socket: WebSocket;
  /**
   * Milliseconds since the epoch when a message last went either way. Pings and pongs don't count: AWS does not say whether they
   * do, and a client that relies on them alone must not pass here and fail there.
   */
  lastActiveAt: number;
  #closing: CloseReason | undefined;

  constructor(identity: ConnectionIdentity, socket: WebSocket) {
    this.identity = identity;
    this.#socket = socket;
    this.lastActiveAt = identity.connectedAt;
  }

  /** Why the gateway closes it; `undefined` while it is open, and where the client closes. */
  get closing(): CloseReason | undefined {
    return this.#closing;
  }

  /** Bytes that wait for the client to read. */
  get buffered(): number {
    return this.#socket.bufferedAmount;
  }

  /** Sends one text message, in frames of at most 32 KiB; false where it is closed or closing. */
  send(bytes: Buffer): boolean {
    if (this.#closing || this.#socket.readyState !== this.#socket.OPEN) return false;
    this.lastActiveAt = Date.now();
    if (bytes.length <= FRAME_BYTES) {
      this.#socket.send(bytes, { binary: false }, ignored);
      return true;
    }
    for (let offset = 0; offset < bytes.length; offset += FRAME_BYTES) {
      const end = offset + FRAME_BYTES;
      this.#socket.send(bytes.subarray(offset, end), { binary: false, fin: end >= bytes.length }, ignored);
    }
    return true;
  }

  /** Closes it; what the client still sends is not looked at. */
  close(code: number, reason: string): void {
    if (this.#closing) return;
    this.#closing = { code, reason };
    this.#socket.close(code, reason);
  }
}

/** A failed write shows as the socket's `close`. */
function ignored(): void {}
