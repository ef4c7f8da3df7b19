/** Plays examples against a running service, and writes down what was asked and answered. */
import { setTimeout as pause } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { isAction } from '../../../shared/protocol/commands.ts';
import type { ErrorCode } from '../../../shared/protocol/errors.ts';
import type { DescribedCall } from '../document-calls.ts';
import { operationId } from '../openapi.ts';
import type { Json } from '../schemas.ts';
import { type ExampleCall, type ExampleRequest, type Recording, withSamples } from './recording.ts';

/** Milliseconds that a frame may take: a second on the engine, more on a busy machine. */
const FRAME_LIMIT = 20_000;

/** Where a service answers. */
export interface Place {
  readonly http: string;
  readonly websocket: string;
}

interface CallOptions extends ExampleRequest {
  /** Access token of who calls. */
  readonly token?: string;
}

export class Player {
  readonly #place: Place;
  readonly #specifications: ReadonlyMap<string, DescribedCall['specification']>;
  readonly #calls: Record<string, ExampleCall> = {};
  readonly #refusals: Partial<Record<ErrorCode, Json>> = {};
  readonly #messages: Record<string, Json[]> = {};
  readonly #sockets: Socket[] = [];

  constructor(place: Place, calls: readonly DescribedCall[]) {
    this.#place = place;
    this.#specifications = new Map(
      calls.map(({ specification }) => [operationId(specification), specification]),
    );
  }

  /** What was played, with samples. */
  get recording(): Recording {
    return withSamples({
      calls: this.#calls,
      refusals: this.#refusals,
      messages: this.#messages,
    }) as Recording;
  }

  /**
   * Makes a call that succeeds, the first of its operation as its example.
   *
   * @throws {Error} where it is refused, or there is no such operation.
   */
  async call<T = Json>(operation: string, { token, ...request }: CallOptions = {}): Promise<T> {
    const { status: expected, made, answer: schema, path } = this.#specification(operation);
    const { status, answer } = await this.#send(operation, request, token);
    if (status !== expected && status !== made) {
      throw new Error(`${operation} was answered with ${status} ${JSON.stringify(answer)?.slice(0, 300)}`);
    }
    // A document is no example of itself.
    const isDocument = /^\/api\/(openapi\.json|asyncapi\.json|docs)$/.test(path);
    this.#calls[operation] ??= { request, status, ...(schema && !isDocument && { answer }) };
    return answer as T;
  }

  /** As `call`, where the service has something to do before it can answer. */
  async callUntilReady(operation: string, options: CallOptions): Promise<void> {
    const until = performance.now() + FRAME_LIMIT;
    for (;;) {
      try {
        await this.call(operation, options);
        return;
      } catch (error) {
        if (performance.now() > until) throw error;
        await pause(100);
      }
    }
  }

  /**
   * Makes a call that is refused, as the example of its code.
   *
   * @throws {Error} where the code is another one.
   */
  async refused(code: ErrorCode, operation: string, { token, ...request }: CallOptions = {}): Promise<void> {
    const { answer } = await this.#send(operation, request, token);
    const body = answer as { readonly error?: { readonly code: string } } | undefined;
    if (body?.error?.code !== code)
      throw new Error(`${operation} gave ${JSON.stringify(answer)}, not ${code}`);
    this.#refusals[code] ??= body as Json;
  }

  /** Opens a connection. */
  async connect(token: string): Promise<Socket> {
    const socket = await Socket.open(this.#place.websocket, token, (message, payload) => {
      this.#messages[message] = [...(this.#messages[message] ?? []), payload];
    });
    this.#sockets.push(socket);
    return socket;
  }

  close(): void {
    for (const socket of this.#sockets) socket.close();
  }

  #specification(operation: string): DescribedCall['specification'] {
    const found = this.#specifications.get(operation);
    if (!found) throw new Error(`there is no operation ${operation}`);
    return found;
  }

  async #send(
    operation: string,
    { params = {}, query = {}, body }: ExampleRequest,
    token: string | undefined,
  ): Promise<{ status: number; answer: unknown }> {
    const { method, path } = this.#specification(operation);
    const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
      encodeURIComponent(String(params[name])),
    );
    const search = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
    const response = await fetch(`${this.#place.http}${filled}${search.size > 0 ? `?${search}` : ''}`, {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json');
    return { status: response.status, answer: isJson && text ? JSON.parse(text) : undefined };
  }
}

/** One connection; each wait begins after the last frame that was looked at. */
export class Socket {
  readonly #socket: WebSocket;
  readonly #note: (message: string, payload: Json) => void;
  readonly #frames: Json[] = [];

  private constructor(socket: WebSocket, note: (message: string, payload: Json) => void) {
    this.#socket = socket;
    this.#note = note;
    socket.on('message', (data) => this.#frames.push(JSON.parse(String(data)) as Json));
  }

  static async open(
    address: string,
    token: string,
    note: (message: string, payload: Json) => void,
  ): Promise<Socket> {
    const socket = new WebSocket(address, { headers: { authorization: `Bearer ${token}` } });
    const opened = new Socket(socket, note);
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return opened;
  }

  /** Sends a command, and takes it and its reply as examples. @returns the reply's `data`. */
  async command<T = Json>(action: string, fields: Json = {}): Promise<T> {
    const reply = await this.#ask(action, fields);
    if (!('data' in reply)) throw new Error(`${action} was refused: ${JSON.stringify(reply)}`);
    this.#note(action, { action, ...fields });
    this.#note(`${action}Reply`, reply);
    return reply.data as T;
  }

  /** Sends a command that is refused, and takes the refusal as an example of the reply. */
  async refused(code: ErrorCode, action: string, fields: Json): Promise<void> {
    const reply = await this.#ask(action, fields);
    if ((reply.error as Json | undefined)?.code !== code)
      throw new Error(`${action}: ${JSON.stringify(reply)}`);
    this.#note(`${action}Reply`, reply);
  }

  /** Waits for a frame, and takes it as an example of the message for its type. */
  async hear(type: string, fits: (frame: Json) => boolean = () => true): Promise<void> {
    const frame = await this.#next(`a frame ${type}`, (one) => one.type === type && fits(one));
    this.#note(isAction(type) || type === 'read' ? `${type}Frame` : type, frame);
  }

  /** Waits for a frame that is no example. */
  async wait(type: string, fits: (frame: Json) => boolean = () => true): Promise<void> {
    await this.#next(`a frame ${type}`, (frame) => frame.type === type && fits(frame));
  }

  close(): void {
    this.#socket.terminate();
  }

  async #ask(action: string, fields: Json): Promise<Json> {
    this.#socket.send(JSON.stringify({ action, ...fields }));
    return this.#next(`a reply to ${action}`, (frame) => frame.type === 'reply' && frame.action === action);
  }

  async #next(what: string, fits: (frame: Json) => boolean): Promise<Json> {
    const until = performance.now() + FRAME_LIMIT;
    while (performance.now() < until) {
      const index = this.#frames.findIndex(fits);
      const [frame] = index < 0 ? [] : this.#frames.splice(index, 1);
      if (frame) return frame;
      await pause(5);
    }
    throw new Error(`waited in vain for ${what}; there came ${JSON.stringify(this.#frames).slice(0, 500)}`);
  }
}
