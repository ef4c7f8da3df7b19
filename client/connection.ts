/** One open WebSocket: commands and their replies, and whether the other side is still there. */
import { nonsense, ParleyError, refusal } from './error.ts';
import { type Fields, isFields, isWireError, parseFields } from './guards.ts';
import type { Timing } from './options.ts';
import type { Platform, Socket } from './platform.ts';

export interface ConnectionEvents {
  onFrame(frame: Fields): void;
  /** Once, whoever ended it. */
  onClose(): void;
  onProblem(what: string): void;
}

interface Waiting {
  readonly operation: string;
  readonly promise: Promise<Fields>;
  readonly resolve: (data: Fields) => void;
  readonly reject: (error: ParleyError) => void;
}

export class Connection {
  readonly #platform: Platform;
  readonly #timing: Timing;
  readonly #socket: Socket;
  readonly #events: ConnectionEvents;
  readonly #waiting = new Map<string, Waiting>();
  #stopHeartbeat = (): void => {};
  #isOpen = true;
  #heardAt: number;

  /** @param socket which is open. */
  constructor(platform: Platform, timing: Timing, socket: Socket, events: ConnectionEvents) {
    this.#platform = platform;
    this.#timing = timing;
    this.#socket = socket;
    this.#events = events;
    this.#heardAt = platform.now();
    socket.onmessage = ({ data }) => this.#hear(data);
    socket.onclose = () => this.#end();
    socket.onerror = () => {
      // 'close' follows.
    };
    this.#beat();
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /**
   * Sends a command and gives its reply's data.
   *
   * @throws {ParleyError} the service's refusal; `unavailable` where the connection ends or nothing comes in time: it may have been done.
   */
  request(action: string, fields: object, id: string): Promise<Fields> {
    const operation = wordsOf(action);
    if (!this.#isOpen) return Promise.reject(lost(operation));
    // The same command again, while the first waits: the one reply answers both.
    const earlier = this.#waiting.get(id);
    if (earlier) return earlier.promise;
    let resolve = (_: Fields): void => {};
    let reject = (_: ParleyError): void => {};
    const promise = new Promise<Fields>((...both) => {
      [resolve, reject] = both;
    }).finally(() => {
      stop();
      this.#waiting.delete(id);
    });
    const stop = this.#platform.after(this.#timing.replyWithin, () =>
      reject(refusal('unavailable', operation, 'no answer came')),
    );
    this.#waiting.set(id, { operation, promise, resolve, reject });
    try {
      this.#socket.send(JSON.stringify({ action, id, ...fields }));
    } catch {
      this.#end();
    }
    return promise;
  }

  /** Sends a command whose reply nobody waits for. */
  tell(action: string, fields: object, id: string): void {
    if (this.#isOpen) this.#socket.send(JSON.stringify({ action, id, ...fields }));
  }

  /** Asks at once whether the other side is there, as after a pause. */
  probe(): void {
    if (!this.#isOpen) return;
    this.#stopHeartbeat();
    this.#ask();
  }

  close(): void {
    this.#socket.close(1000);
    this.#end();
  }

  #beat(): void {
    const { pingAfter, pingAfterHidden } = this.#timing;
    const silence = this.#platform.isHidden() ? pingAfterHidden : pingAfter;
    const due = Math.max(0, this.#heardAt + silence - this.#platform.now());
    this.#stopHeartbeat = this.#platform.after(due, () => {
      if (this.#platform.now() - this.#heardAt < silence) this.#beat();
      else this.#ask();
    });
  }

  #ask(): void {
    const askedAt = this.#platform.now();
    this.request('ping', {}, this.#platform.newId()).catch(() => {});
    this.#stopHeartbeat = this.#platform.after(this.#timing.pongWithin, () => {
      if (this.#heardAt >= askedAt) return this.#beat();
      // The close handshake would wait for the same silence.
      this.close();
    });
  }

  #hear(data: unknown): void {
    if (!this.#isOpen) return;
    this.#heardAt = this.#platform.now();
    const frame = parseFields(data);
    if (!frame) this.#events.onProblem('a frame');
    else if (frame.type === 'reply') this.#settle(frame);
    else if (typeof frame.type === 'string') this.#events.onFrame(frame);
    else this.#hearGateway(frame);
  }

  #hearGateway({ message }: Fields): void {
    // API Gateway's own words for a function that failed name no command. Where only one waits, it was that.
    const [only] = this.#waiting.values();
    if (typeof message !== 'string') this.#events.onProblem('a frame');
    else if (only && this.#waiting.size === 1)
      only.reject(refusal('unavailable', only.operation, 'the service failed'));
  }

  #settle({ id, data, error }: Fields): void {
    const waiting = typeof id === 'string' ? this.#waiting.get(id) : undefined;
    if (!waiting) return;
    if (isWireError(error)) waiting.reject(new ParleyError(error));
    else if (isFields(data)) waiting.resolve(data);
    else waiting.reject(nonsense(waiting.operation));
  }

  #end(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#stopHeartbeat();
    for (const waiting of [...this.#waiting.values()]) waiting.reject(lost(waiting.operation));
    this.#events.onClose();
  }
}

/** `sendMessage` as words: `send message`. */
function wordsOf(action: string): string {
  return action.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function lost(operation: string): ParleyError {
  return refusal('unavailable', operation, 'the connection was lost');
}
