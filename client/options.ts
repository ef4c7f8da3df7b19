/** What a client is told when it is made. */
import type { Platform } from './platform.ts';

export interface ConnectOptions {
  /** Base address of the HTTP API, without `/api`: `https://chat.example`. */
  readonly url: string;
  /** Address of the WebSocket API; without it `url` with `ws:` for `http:` and `/ws` at its end. */
  readonly websocketUrl?: string;
  /**
   * Where users come from an OpenID Connect provider: gives its access token, and seconds until it ends where they are known. Called
   * whenever a fresh one is needed. Without it users register and log in here.
   */
  readonly token?: () => Promise<{ readonly accessToken: string; readonly expiresIn?: number }>;
  /** Numbers that rarely need another value. */
  readonly timing?: Partial<Timing>;
  /** What of the surroundings is used: clock, chance, sockets, storage. A browser's or Node's own without it. */
  readonly platform?: Partial<Platform>;
}

/** All in milliseconds. */
export interface Timing {
  /** A connection is replaced before it is this old: API Gateway cuts it after two hours. */
  readonly connectionLifetime: number;
  /** It is replaced at a random moment of this last part of its life, so that clients do not all come at once. */
  readonly replaceWithin: number;
  /** Silence after which the service is asked whether it is there, while somebody looks. */
  readonly pingAfter: number;
  /** The same while the page is hidden: it only keeps API Gateway's ten minutes away. */
  readonly pingAfterHidden: number;
  /** An answer to that must come within this; with `pingAfter` the 15 seconds within which a dead connection is known. */
  readonly pongWithin: number;
  /** How long a command waits for its answer before it is sent again with the same id. */
  readonly replyWithin: number;
  /** How long a command waits for a connection before it is `unavailable`. */
  readonly giveUpAfter: number;
  /** Bounds of the random wait before the next try, which doubles from the first to the second. */
  readonly retryFirst: number;
  readonly retryMost: number;
  /** How long an event may be overtaken by later ones before it is asked for. */
  readonly gapPatience: number;
}

export const TIMING: Timing = {
  connectionLifetime: 2 * 60 * 60_000,
  replaceWithin: 10 * 60_000,
  pingAfter: 10_000,
  pingAfterHidden: 4 * 60_000,
  pongWithin: 5_000,
  // A Lambda function that starts cold behind a busy table takes some seconds; API Gateway gives up after 29.
  replyWithin: 12_000,
  giveUpAfter: 20_000,
  retryFirst: 500,
  retryMost: 30_000,
  gapPatience: 250,
};

/** How long to wait before the next try, ms. Full jitter: anything from nothing to the doubled wait, so that those who failed together do not come back together. */
export function backOff({ random }: Platform, { retryFirst, retryMost }: Timing, failures: number): number {
  return Math.round(random() * Math.min(retryMost, retryFirst * 2 ** failures));
}
