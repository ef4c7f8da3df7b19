/** The way to the service: opens connections, again when they break, and the next before the last is cut. */
import { Connection } from './connection.ts';
import { ParleyError, refusal, toParleyError } from './error.ts';
import type { Fields } from './guards.ts';
import { backOff, type Timing } from './options.ts';
import { type Platform, pause, type Signal, type Socket } from './platform.ts';
import type { SessionKeeper } from './session.ts';
import { Store, until } from './store.ts';
import type { ConnectionState } from './types.ts';

/** Sends a command over one certain connection. */
export type Request = (action: string, fields: object) => Promise<Fields>;

export interface LinkEvents {
  onFrame(frame: Fields): void;
  onProblem(what: string): void;
  /** Gets all that was missed (P5). The connection counts as there once this is done. */
  catchUp(request: Request): Promise<void>;
  /** The service has ended the session, and said why. */
  onEnd(reason: string): void;
}

/** A handshake that takes longer has failed, milliseconds. */
const HANDSHAKE_WITHIN = 10_000;
/** How long a connection that was replaced is kept for replies that are under way, milliseconds. */
const RETIRE_AFTER = 2_000;
/** A connection that lived so long ends the doubling of waits, milliseconds. */
const STABLE_AFTER = 10_000;
/** A wait within which nobody notices that the connection is opened anew, milliseconds. */
const SOON = 250;

export class Link {
  readonly state = new Store<ConnectionState>({ status: 'connecting' });
  readonly #platform: Platform;
  readonly #timing: Timing;
  readonly #url: string;
  readonly #session: SessionKeeper;
  readonly #events: LinkEvents;
  #current: Connection | undefined;
  #retired: Connection | undefined;
  #openedAt = 0;
  #failures = 0;
  #isRunning = false;
  #isDialling = false;
  /** Raised by each start and stop: what began before is void. */
  #run = 0;
  #stopTimer = (): void => {};
  #stopRotation = (): void => {};
  #stopSignals = (): void => {};
  /** The service's clock at a moment of ours. */
  #clock: { readonly service: number; readonly ours: number } | undefined;

  constructor(platform: Platform, timing: Timing, url: string, session: SessionKeeper, events: LinkEvents) {
    this.#platform = platform;
    this.#timing = timing;
    this.#url = url;
    this.#session = session;
    this.#events = events;
    session.onToken = (token) => {
      this.#current?.request('authenticate', { token }, platform.newId()).catch(() => {});
    };
  }

  /** Milliseconds of the service's own clock; undefined before it was heard. */
  get serviceTime(): number | undefined {
    return this.#clock && this.#clock.service + this.#platform.now() - this.#clock.ours;
  }

  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#run++;
    this.#failures = 0;
    this.state.set({ status: 'connecting' });
    this.#stopSignals = this.#platform.signals((signal) => this.#onSignal(signal));
    void this.#dial();
  }

  stop(reason: string): void {
    this.#isRunning = false;
    this.#run++;
    this.#isDialling = false;
    this.#stopTimer();
    this.#stopRotation();
    this.#stopSignals();
    const current = this.#current;
    this.#current = undefined;
    current?.close();
    this.#retired?.close();
    this.state.set({ status: 'closed', reason });
  }

  retryNow(): void {
    if (!this.#isRunning) return;
    this.#failures = 0;
    if (this.#current) this.#current.probe();
    else {
      this.#stopTimer();
      void this.#dial();
    }
  }

  /**
   * Sends a command, again with the same id where no answer came or the service asks for patience (P3 makes that harmless).
   *
   * @throws {ParleyError} the service's refusal; `unavailable` when no answer came for as long as `giveUpAfter`.
   */
  async request(action: string, fields: object, id = this.#platform.newId()): Promise<Fields> {
    const { giveUpAfter } = this.#timing;
    const deadline = this.#platform.now() + giveUpAfter;
    let isRefreshed = false;
    for (;;) {
      const connection = await this.#ready(deadline);
      try {
        return await connection.request(action, fields, id);
      } catch (thrown) {
        const error = toParleyError(thrown, action);
        if (error.code === 'unauthenticated' && !isRefreshed) {
          isRefreshed = true;
          // Its token has ended before it was told of another.
          this.#session.distrust();
          connection.close();
          continue;
        }
        const wait = error.retryAfterMs ?? SOON;
        if (!error.isRetryable || this.#platform.now() + wait > deadline) throw error;
        if (connection.isOpen) await pause(this.#platform, wait);
      }
    }
  }

  /** Sends what is not worth waiting for, where there is a connection. */
  tell(action: string, fields: object): void {
    this.#current?.tell(action, fields, this.#platform.newId());
  }

  /** The connection, once there is one. */
  async #ready(deadline: number): Promise<Connection> {
    for (;;) {
      if (this.#current?.isOpen) return this.#current;
      const left = deadline - this.#platform.now();
      if (left <= 0 || !this.#isRunning) throw noConnection();
      const abort = new AbortController();
      const stop = this.#platform.after(left, () => abort.abort());
      const isSettled = ({ status }: ConnectionState) => status === 'online' || status === 'closed';
      await until(this.state, isSettled, abort.signal).catch(() => {});
      stop();
    }
  }

  /** Opens a connection and catches up; the one before, if it still lives, serves until then. */
  async #dial(): Promise<void> {
    if (this.#isDialling) return;
    this.#isDialling = true;
    const run = this.#run;
    const isVoid = (): boolean => run !== this.#run;
    let opened: Connection | undefined;
    try {
      const socket = await this.#open();
      if (isVoid()) return socket.close(1000);
      let hasEnded = false;
      const connection = new Connection(this.#platform, this.#timing, socket, {
        onFrame: (frame) => {
          if (isVoid()) return;
          if (frame.type === 'closing') this.#onClosing(connection, frame);
          else this.#events.onFrame(frame);
        },
        onClose: () => {
          hasEnded = true;
          if (!isVoid()) this.#onClose(connection);
        },
        onProblem: (what) => this.#events.onProblem(what),
      });
      opened = connection;
      if (!this.#current) this.state.set({ status: 'catching-up' });
      await this.#catchUp(connection);
      if (isVoid()) return connection.close();
      if (hasEnded) throw noConnection();
      const before = this.#current;
      this.#current = connection;
      this.#openedAt = this.#platform.now();
      this.#isDialling = false;
      this.#rotateLater();
      // One that takes the place of another is not seen.
      if (this.state.getSnapshot().status !== 'online') this.state.set({ status: 'online' });
      this.#retired = before;
      if (before) this.#platform.after(RETIRE_AFTER, () => before.close());
    } catch (error) {
      opened?.close();
      if (isVoid()) return;
      if (!(error instanceof ParleyError)) this.#events.onProblem(`no socket: ${String(error)}`);
      this.#isDialling = false;
      this.#onFailure(toParleyError(error, 'connect'));
    }
  }

  async #catchUp(connection: Connection): Promise<void> {
    const request: Request = async (action, fields) => {
      for (;;) {
        try {
          return await connection.request(action, fields, this.#platform.newId());
        } catch (error) {
          const { code, retryAfterMs = SOON } = toParleyError(error, action);
          if (code !== 'rate_limited') throw error;
          await pause(this.#platform, retryAfterMs);
        }
      }
    };
    const [pong] = await Promise.all([request('ping', {}), this.#events.catchUp(request)]);
    this.#noteTime(pong);
  }

  async #open(): Promise<Socket> {
    const { openSocket, sendsHeaders } = this.#platform;
    if (sendsHeaders) {
      const authorization = `Bearer ${await this.#session.token()}`;
      // A refused handshake does not say why: the next one comes with another token.
      return this.#handshake(openSocket(this.#url, { authorization })).catch((error) => {
        this.#session.distrust();
        throw error;
      });
    }
    const { ticket } = await this.#session.http.call('POST', '/auth/ticket');
    return this.#handshake(openSocket(`${this.#url}?ticket=${encodeURIComponent(String(ticket))}`, {}));
  }

  #handshake(socket: Socket): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const fail = (): void => {
        stop();
        reject(noConnection());
      };
      const stop = this.#platform.after(HANDSHAKE_WITHIN, () => {
        fail();
        socket.close();
      });
      socket.onclose = fail;
      socket.onerror = fail;
      socket.onopen = () => {
        stop();
        resolve(socket);
      };
    });
  }

  #onClose(connection: Connection): void {
    if (connection !== this.#current) return;
    this.#current = undefined;
    this.#stopRotation();
    if (this.#platform.now() - this.#openedAt > STABLE_AFTER) this.#failures = 0;
    // One that is to take its place is on its way.
    if (this.#isDialling) this.state.set({ status: 'connecting' });
    else this.#retryLater('unreachable');
  }

  /** The service says why it is about to close. An unknown code means what `reconnect` says. */
  #onClosing(connection: Connection, { code, reconnect }: Fields): void {
    if (reconnect === false && (code !== 'going_away' || connection === this.#current)) {
      this.#end(String(code));
      return;
    }
    if (code === 'token_expired') this.#session.distrust();
    connection.close();
  }

  #end(reason: string): void {
    this.stop(reason);
    this.#events.onEnd(reason);
  }

  #onFailure(error: ParleyError): void {
    if (error.code === 'unauthenticated') this.#end('session_revoked');
    else this.#retryLater(error.code === 'internal' ? 'nonsense' : 'unreachable');
  }

  #retryLater(reason: 'unreachable' | 'nonsense' | 'network'): void {
    const retryInMs = backOff(this.#platform, this.#timing, this.#failures++);
    if (!this.#current) this.state.set({ status: 'offline', reason, retryInMs });
    this.#stopTimer();
    this.#stopTimer = this.#platform.after(retryInMs, () => void this.#dial());
  }

  #rotateLater(): void {
    const { connectionLifetime, replaceWithin } = this.#timing;
    this.#stopRotation();
    const life = connectionLifetime - this.#platform.random() * replaceWithin;
    this.#stopRotation = this.#platform.after(life, () => void this.#dial());
  }

  #onSignal(signal: Signal): void {
    if (signal === 'offline') {
      const current = this.#current;
      this.#current = undefined;
      current?.close();
      this.#stopRotation();
      this.#retryLater('network');
    } else if (signal !== 'hidden') this.retryNow();
  }

  #noteTime({ at }: Fields): void {
    const service = Date.parse(String(at));
    if (!Number.isNaN(service)) this.#clock = { service, ours: this.#platform.now() };
  }
}

function noConnection(): ParleyError {
  return refusal('unavailable', 'reach the service', 'there is no connection');
}
