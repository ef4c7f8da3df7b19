/** Who is logged in, and always a token that is good. */
import type { User } from '../shared/protocol/rest.ts';
import { nonsense, ParleyError, refusal, toParleyError } from './error.ts';
import { type Fields, has } from './guards.ts';
import { Http } from './http.ts';
import type { ConnectOptions } from './options.ts';
import type { Platform } from './platform.ts';
import { Store } from './store.ts';
import type { Session } from './types.ts';
import type { Vault } from './vault.ts';

interface Held {
  readonly accessToken: string;
  /** By the clock that only grows: what the service says is how long, and no wall clock is asked. */
  readonly endsAt: number;
}

/** Where the user and the refresh token are kept. The access token is not: a page that begins asks for a fresh one. */
const KEY = 'session';
/** A token is renewed in this part of its life, at a moment of each tab's own, so that one is first and does it for all. */
const RENEW_FROM = 0.7;
const RENEW_TO = 0.85;
/** Seconds that a token of someone else's is taken to be good, where that is not said. */
const FOREIGN_SECONDS = 300;
/** A moment after which a renewal that failed is tried again, milliseconds. */
const RENEW_AGAIN = 15_000;

export class SessionKeeper {
  readonly store = new Store<Session>(undefined);
  readonly http: Http;
  /** Called with each fresh token: the connection shall live on with it. */
  onToken: (token: string) => void = () => {};
  /** Called with what was got, for other tabs. */
  onTokens: (tokens: Tokens) => void = () => {};
  /** Called when the service has ended the session. */
  onEnd: (reason: string) => void = () => {};
  readonly #platform: Platform;
  readonly #vault: Vault;
  readonly #external: ConnectOptions['token'];
  readonly #name: string;
  #held: Held | undefined;
  #renewing: Promise<string> | undefined;
  #stopTimer = (): void => {};

  constructor(platform: Platform, vault: Vault, { url, token }: ConnectOptions) {
    this.#platform = platform;
    this.#vault = vault;
    this.#external = token;
    this.#name = url;
    this.http = new Http(platform, url, this);
  }

  /** Takes up the session of the last visit. @returns its user. */
  async restore(): Promise<User | undefined> {
    const stored = await this.#vault.get(KEY);
    if (has(stored, { user: 'object' }) && isUser(stored.user)) this.store.set({ user: stored.user });
    // Who has tokens from elsewhere is known by the service alone.
    else if (this.#external) await this.learnUser().catch(() => {});
    return this.store.getSnapshot()?.user;
  }

  /** Asks who the user of a foreign token is. */
  async learnUser(): Promise<User> {
    const user = await this.http.call('GET', '/auth/me');
    if (!isUser(user)) throw nonsense('/auth/me');
    await this.#vault.set(KEY, { user });
    this.store.set({ user });
    return user;
  }

  /** Registers or logs in. */
  async enter(path: string, body: object): Promise<User> {
    const answer = await this.http.call('POST', path, { body, isOpen: true });
    if (!isTokens(answer)) throw nonsense(path);
    await this.#adopt(answer);
    return answer.user;
  }

  /** A token that is good for a while yet. */
  async token(): Promise<string> {
    const held = this.#held;
    if (held && held.endsAt > this.#platform.now()) return held.accessToken;
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  /** The service refused this token: the next one is fresh. */
  distrust(token: string | undefined = this.#held?.accessToken): void {
    if (this.#held?.accessToken === token) this.#held = undefined;
  }

  async forget(): Promise<void> {
    this.#stopTimer();
    this.#held = undefined;
    this.store.set(undefined);
    await this.#vault.delete(KEY);
  }

  stop(): void {
    this.#stopTimer();
  }

  async #renew(): Promise<string> {
    if (this.#external) {
      const { accessToken, expiresIn = FOREIGN_SECONDS } = await this.#external();
      return this.#hold(accessToken, expiresIn);
    }
    // One tab at a time, and who comes second finds what the first has got. Without locks the service's ten seconds, in which a
    // token may be used again, see to the same.
    return this.#platform.exclusively(`${this.#name} session`, async () => {
      const held = this.#held;
      if (held && held.endsAt > this.#platform.now()) return held.accessToken;
      return this.#refresh();
    });
  }

  async #refresh(): Promise<string> {
    const stored = await this.#vault.get(KEY);
    if (!has(stored, { refreshToken: 'string' }))
      throw refusal('unauthenticated', 'go on', 'nobody is logged in');
    const { refreshToken } = stored;
    try {
      const answer = await this.http.call('POST', '/auth/refresh', {
        body: { refreshToken },
        isOpen: true,
      });
      if (!isTokens(answer)) throw nonsense('refresh');
      await this.#adopt(answer);
      return answer.accessToken;
    } catch (error) {
      if (!(error instanceof ParleyError) || error.code !== 'unauthenticated') throw error;
      const now = await this.#vault.get(KEY);
      // Another tab was faster, and where there are no locks nobody said so.
      if (has(now, { refreshToken: 'string' }) && now.refreshToken !== refreshToken) return this.#refresh();
      await this.forget();
      this.onEnd('session_revoked');
      throw error;
    }
  }

  async #adopt(tokens: Tokens): Promise<void> {
    const { user, refreshToken, accessToken, expiresIn } = tokens;
    await this.#vault.set(KEY, { user, refreshToken });
    this.#hold(accessToken, expiresIn);
    this.onTokens(tokens);
    const before = this.store.getSnapshot()?.user;
    if (before?.user !== user.user || before.displayName !== user.displayName) this.store.set({ user });
  }

  #hold(accessToken: string, expiresIn: number): string {
    const life = expiresIn * 1_000;
    this.#held = { accessToken, endsAt: this.#platform.now() + life * 0.95 };
    const part = RENEW_FROM + this.#platform.random() * (RENEW_TO - RENEW_FROM);
    this.#renewAfter(life * part);
    this.onToken(accessToken);
    return accessToken;
  }

  #renewAfter(milliseconds: number): void {
    this.#stopTimer();
    this.#stopTimer = this.#platform.after(milliseconds, () => {
      this.distrust();
      this.token().catch((error: unknown) => {
        if (toParleyError(error, 'refresh').code !== 'unauthenticated') this.#renewAfter(RENEW_AGAIN);
      });
    });
  }

  /** Takes what another tab has got, and stored. Another user's login is another session: this tab learns of it when it is loaded again. */
  hear(message: Fields): void {
    if (isTokens(message) && message.user.user === this.store.getSnapshot()?.user.user)
      this.#hold(message.accessToken, message.expiresIn);
  }
}

export interface Tokens extends Fields {
  readonly user: User;
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresIn: number;
}

function isTokens(value: Fields): value is Tokens {
  return (
    has(value, { accessToken: 'string', refreshToken: 'string', expiresIn: 'number' }) && isUser(value.user)
  );
}

function isUser(value: unknown): value is User {
  return has(value, { user: 'string', displayName: 'string' });
}
