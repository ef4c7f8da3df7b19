import { randomBytes } from 'node:crypto';
import { type Client, openClient } from './client.ts';
import { type Endpoint, pause } from './endpoint.ts';
import { isRecord } from './wire.ts';

/** An answer of the HTTP API. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; undefined where it is empty or not JSON. */
  readonly body: unknown;
}

export interface CallOptions {
  readonly token?: string;
  readonly body?: unknown;
  /** Sent as it is, in place of `body`. */
  readonly raw?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
  /** False: being told to wait is an answer, too. */
  readonly patient?: boolean;
}

/** At most this many times a call is made again because of a rate limit: of those who wait together, one is admitted at a time. */
const MAX_RETRIES = 50;

/** Calls the HTTP API; any status is an answer, but waits and calls again where the user's rate limit says so. */
export async function call(
  endpoint: Endpoint,
  method: string,
  path: string,
  options: CallOptions = {},
): Promise<Answer> {
  for (let round = 0; ; round++) {
    const answer = await callOnce(endpoint, method, path, options);
    const wait = retryAfter(answer);
    if (wait === undefined || options.patient === false || round === MAX_RETRIES) return answer;
    await pause(wait);
  }
}

/** How long to wait where the user calls too often; a login that is slowed down is an answer. */
function retryAfter(answer: Answer): number | undefined {
  const error = errorOf(answer);
  if (answer.status !== 429 || !isRecord(error)) return undefined;
  if (!String(error.message).startsWith('unable to accept the call; ')) return undefined;
  return typeof error.retryAfterMs === 'number' ? error.retryAfterMs : 1_000;
}

async function callOnce(
  endpoint: Endpoint,
  method: string,
  path: string,
  options: CallOptions,
): Promise<Answer> {
  const body = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
  const response = await fetch(`${endpoint.http}${path}`, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
      ...options.headers,
    },
    ...(body === undefined ? {} : { body }),
    redirect: 'manual',
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: parsed(text) };
}

/**
 * The body of an answer that must have that status.
 *
 * @throws {Error} with status and body where it has another.
 */
export function bodyOf<T>(answer: Answer, status: number): T {
  if (answer.status === status) return answer.body as T;
  throw new Error(`expected ${status}, but the answer was ${answer.status} ${answer.text.slice(0, 300)}`);
}

/** A registered user with what it needs to act. */
export class Account {
  readonly endpoint: Endpoint;
  readonly user: string;
  readonly password: string;
  readonly token: string;
  readonly #clients: Client[] = [];

  constructor(endpoint: Endpoint, user: string, password: string, token: string) {
    this.endpoint = endpoint;
    this.user = user;
    this.password = password;
    this.token = token;
  }

  /** Calls the HTTP API as this user. */
  call(method: string, path: string, body?: unknown): Promise<Answer> {
    return call(this.endpoint, method, path, { token: this.token, ...(body === undefined ? {} : { body }) });
  }

  /** Opens a connection of this user; {@link leave} closes it. */
  async connect(): Promise<Client> {
    const client = await openClient(this.endpoint, { token: this.token });
    this.#clients.push(client);
    return client;
  }

  /** A fresh ticket. */
  async ticket(): Promise<string> {
    return bodyOf<{ ticket: string }>(await this.call('POST', '/api/auth/ticket'), 201).ticket;
  }

  /** Closes every connection that {@link connect} opened. */
  disconnect(): void {
    for (const client of this.#clients.splice(0)) client.terminate();
  }
}

/** What registration and login answer. */
export interface Tokens {
  readonly user: { readonly user: string; readonly displayName: string };
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresIn: number;
}

/** A name that no earlier run took, beginning with `name`. */
export function freshName(name: string): string {
  return `${name}-${randomBytes(5).toString('hex')}`;
}

/** Registers a user whose name begins with `name`. */
export async function register(endpoint: Endpoint, name: string): Promise<Account> {
  const username = freshName(name);
  const password = `long enough ${randomBytes(6).toString('hex')}`;
  const answer = await call(endpoint, 'POST', '/api/auth/register', { body: { username, password } });
  const tokens = bodyOf<Tokens>(answer, 201);
  return new Account(endpoint, username, password, tokens.accessToken);
}

/** Registers several users, one for each name. */
export function people<const N extends readonly string[]>(
  endpoint: Endpoint,
  ...names: N
): Promise<{ -readonly [K in keyof N]: Account }> {
  const accounts = Promise.all(names.map((name) => register(endpoint, name)));
  // One account for each name, in their order: a tuple as long as the names.
  return accounts as Promise<{ -readonly [K in keyof N]: Account }>;
}

/** The `error` of an answer or a reply, as it came. */
export function errorOf(value: unknown): unknown {
  if (!isRecord(value)) return undefined;
  return 'body' in value && isRecord(value.body) ? value.body.error : value.error;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
