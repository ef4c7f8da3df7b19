/** Calls of the HTTP API. */
import { nonsense, ParleyError, refusal, toParleyError } from './error.ts';
import { type Fields, isWireError, parseFields } from './guards.ts';
import { type Platform, pause } from './platform.ts';
import type { Page } from './types.ts';

export interface CallOptions {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  /** Needs no token. */
  readonly isOpen?: boolean;
}

/** Who gives the token of a call, and is told of one that was refused. */
export interface Tokens {
  token(): Promise<string>;
  distrust(token: string): void;
}

/** Times that a call which was `rate_limited` is made again by itself, and the longest wait before it, milliseconds. */
const MAX_RETRIES = 3;
const MAX_WAIT = 5_000;
/** An answer that does not come within this never will: API Gateway gives up after 30 seconds. */
const ANSWER_WITHIN = 30_000;

/** Items of a page, at most. */
const LARGEST_PAGE = 100;

export class Http {
  readonly #platform: Platform;
  readonly #base: string;
  readonly #tokens: Tokens;

  constructor(platform: Platform, base: string, tokens: Tokens) {
    this.#platform = platform;
    this.#base = base;
    this.#tokens = tokens;
  }

  /**
   * Makes a call, once more with a fresh token where the service refused the one it had.
   *
   * @returns the answer's body; empty where there is none.
   * @throws {ParleyError}
   */
  async call(method: string, path: string, options: CallOptions = {}): Promise<Fields> {
    const operation = `call ${path}`;
    let isFresh = false;
    for (let round = 0; ; round++) {
      const token = options.isOpen ? undefined : await this.#tokens.token();
      try {
        return await this.#once(operation, method, path, options, token);
      } catch (error) {
        const { code, retryAfterMs = 1_000 } = toParleyError(error, operation);
        if (code === 'unauthenticated' && token !== undefined && !isFresh) {
          isFresh = true;
          this.#tokens.distrust(token);
        } else if (code === 'rate_limited' && round < MAX_RETRIES && retryAfterMs <= MAX_WAIT) {
          await pause(this.#platform, retryAfterMs);
        } else throw error;
      }
    }
  }

  /** A page of a list. */
  async page<T>(path: string, query: CallOptions['query'] = {}): Promise<Page<T>> {
    const answer = await this.call('GET', path, { query });
    if (!Array.isArray(answer.items)) throw nonsense(path);
    return answer as unknown as Page<T>;
  }

  /** All items of a list, page after page. */
  async all(path: string): Promise<unknown[]> {
    const items: unknown[] = [];
    for (let cursor: string | undefined; ; ) {
      const page = await this.page(path, { limit: LARGEST_PAGE, cursor });
      items.push(...page.items);
      cursor = page.cursor;
      if (typeof cursor !== 'string') return items;
    }
  }

  async #once(
    operation: string,
    method: string,
    path: string,
    { query = {}, body }: CallOptions,
    token: string | undefined,
  ): Promise<Fields> {
    // As JSON leaves out what is undefined.
    const given = String(new URLSearchParams(JSON.parse(JSON.stringify(query))));
    const { status, text } = await this.#fetch(operation, `${this.#base}/api${path}${given && `?${given}`}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (status === 204) return {};
    const answer = parseFields(text);
    if (status < 300 && answer) return answer;
    if (isWireError(answer?.error)) throw new ParleyError(answer.error);
    // A gateway in between says it in its own words, as does API Gateway for a function that failed.
    if (status >= 500 || status === 429)
      throw refusal('unavailable', operation, `the service answered ${status}`);
    throw nonsense(path);
  }

  async #fetch(operation: string, url: string, init: RequestInit): Promise<{ status: number; text: string }> {
    try {
      const response = await this.#platform.fetch(url, {
        ...init,
        signal: AbortSignal.timeout(ANSWER_WITHIN),
      });
      return { status: response.status, text: await response.text() };
    } catch (error) {
      throw toParleyError(error, operation);
    }
  }
}
