import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { z } from 'zod';

/** A refusal by the service, or no usable answer from it (`code` is then `unreachable` or `closed`). */
export class ServiceError extends Error {
  readonly code: string;
  readonly retryAfterMs: number | undefined;

  constructor(code: string, message: string, retryAfterMs?: number) {
    super(message);
    this.name = 'ServiceError';
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }

  /** Whether the same request may be sent again, as the protocol has it. */
  get retriable(): boolean {
    return RETRIABLE.has(this.code);
  }
}

const RETRIABLE = new Set(['rate_limited', 'unavailable', 'unreachable', 'closed']);

/** HTTP connections to the service. More only queue inside it: password hashes are what takes its time. */
const CONNECTIONS = 8;
/** Tries of one HTTP call, with the pause doubling from `FIRST_PAUSE` ms: half a minute in all. */
const TRIES = 8;
const FIRST_PAUSE = 250;
/** A token is replaced when it has less than this to live, ms: longer than a thousand connects and a benchmark's scenario take. */
const RENEW_BEFORE = 180_000;

const Session = z.object({ accessToken: z.string(), expiresIn: z.number() });
const Failure = z.object({
  error: z.object({ code: z.string(), message: z.string(), retryAfterMs: z.number().optional() }),
});
const StoredMessage = z.object({
  seq: z.number(),
  n: z.number(),
  user: z.string(),
  text: z.string(),
  id: z.string().optional(),
});
const Page = z.object({ messages: z.array(StoredMessage), more: z.boolean() });

/** A message as `history` gives it. */
export type StoredMessage = z.infer<typeof StoredMessage>;

interface Account {
  readonly password: string;
  readonly displayName: string | undefined;
}

/** The service over HTTP. Users are registered, or logged in where they exist, when their token is first asked for. */
export class Service {
  readonly #pool: Pool;
  readonly #url: string;
  readonly #accounts = new Map<string, Account>();
  readonly #tokens = new Map<string, { readonly token: string; readonly until: number }>();

  constructor(url: string) {
    this.#url = new URL(url).origin;
    this.#pool = new Pool(this.#url, { connections: CONNECTIONS });
  }

  /** Makes a user known to this object; nothing is sent yet. */
  introduce(user: string, password: string, displayName?: string): void {
    this.#accounts.set(user, { password, displayName });
  }

  /** An access token with at least three minutes to live. @throws Error where the user exists under another password */
  async token(user: string): Promise<string> {
    const held = this.#tokens.get(user);
    if (held !== undefined && held.until > Date.now()) return held.token;
    const account = this.#accounts.get(user);
    if (account === undefined) throw new Error(`unable to log in; nobody introduced ${user}`);
    const credentials = { username: user, password: account.password };
    const answer =
      held === undefined
        ? await this.#registerOrLogIn(credentials, account.displayName)
        : await this.#logIn(credentials);
    const { accessToken, expiresIn } = Session.parse(answer);
    this.#tokens.set(user, { token: accessToken, until: Date.now() + expiresIn * 1000 - RENEW_BEFORE });
    return accessToken;
  }

  /** Drops a token that the service no longer takes. */
  forgetToken(user: string): void {
    const held = this.#tokens.get(user);
    if (held !== undefined) this.#tokens.set(user, { token: held.token, until: 0 });
  }

  /** Makes a public room that `owner` owns. */
  async createRoom(owner: string, room: string, name: string): Promise<void> {
    await this.#call('POST', '/api/rooms', { room, name, kind: 'public' }, owner);
  }

  async join(user: string, room: string): Promise<void> {
    await this.#call('POST', `/api/rooms/${room}/join`, {}, user);
  }

  /** All of a room's messages, ascending, page by page as a member reads them. */
  async log(user: string, room: string): Promise<StoredMessage[]> {
    const messages: StoredMessage[] = [];
    let before = '';
    for (;;) {
      const page = Page.parse(
        await this.#call('GET', `/api/rooms/${room}/messages?limit=100${before}`, undefined, user),
      );
      messages.push(...page.messages);
      const oldest = Math.min(...page.messages.map(({ seq }) => seq));
      if (!page.more || page.messages.length === 0) return messages.sort((a, b) => a.seq - b.seq);
      before = `&before=${oldest}`;
    }
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  async #registerOrLogIn(
    credentials: { readonly username: string },
    displayName: string | undefined,
  ): Promise<unknown> {
    try {
      return await this.#call('POST', '/api/auth/register', {
        ...credentials,
        ...(displayName === undefined ? {} : { displayName }),
      });
    } catch (error) {
      if (error instanceof ServiceError && error.code === 'conflict') return this.#logIn(credentials);
      throw error;
    }
  }

  async #logIn(credentials: { readonly username: string }): Promise<unknown> {
    try {
      return await this.#call('POST', '/api/auth/login', credentials);
    } catch (error) {
      if (!(error instanceof ServiceError) || error.code !== 'unauthenticated') throw error;
      const reason =
        'the user exists with another password; give the seed of the first run, or another prefix';
      throw new Error(`unable to log in as ${credentials.username}; ${reason}`, { cause: error });
    }
  }

  /** One call, sent again where that is safe and makes sense. A user's token goes with it. */
  async #call(method: 'GET' | 'POST', path: string, body?: object, user?: string): Promise<unknown> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(method, path, body, user);
      } catch (error) {
        if (!(error instanceof ServiceError) || !error.retriable || attempt === TRIES) throw error;
        await sleep(error.retryAfterMs ?? FIRST_PAUSE * 2 ** (attempt - 1));
      }
    }
  }

  async #once(method: 'GET' | 'POST', path: string, body?: object, user?: string): Promise<unknown> {
    const headers: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
    if (user !== undefined) headers.authorization = `Bearer ${await this.token(user)}`;
    const request = { method, path, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const answer = await this.#pool
      .request(request)
      .then(async (response) => ({ status: response.statusCode, text: await response.body.text() }))
      .catch((cause: Error) => {
        throw new ServiceError('unreachable', `unable to reach ${this.#url}; ${cause.message}`);
      });
    const { status, text } = answer;
    const parsed = parseJson(text);
    if (status < 300) return parsed;
    const failure = Failure.safeParse(parsed);
    if (failure.success) {
      const { code, message, retryAfterMs } = failure.data.error;
      throw new ServiceError(code, message, retryAfterMs);
    }
    const code = status === 429 || status >= 500 ? 'unavailable' : 'internal';
    throw new ServiceError(code, `unable to ${method} ${path}; the service answered ${status}`);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
