import { inject } from 'vitest';

/** Where a running service answers. It is all that the suites know of it. */
export interface Endpoint {
  /** Base address of the HTTP API, without `/api`: `http://127.0.0.1:3000`. */
  readonly http: string;
  /** Address of the WebSocket API: `ws://127.0.0.1:3000/ws`. */
  readonly websocket: string;
}

/** What runs behind the endpoint; only the list of deviations and the patience of the tests depend on it. */
export type Target = 'engine' | 'ministack' | 'aws';

declare module 'vitest' {
  interface ProvidedContext {
    endpoint: Endpoint;
  }
}

/** The service that this run tests, as the project's global set-up provided it. */
export function endpoint(): Endpoint {
  return inject('endpoint');
}

/** The target named by `PARLEY_TARGET`, the engine by default. */
export function target(): Target {
  const name = process.env.PARLEY_TARGET ?? 'engine';
  if (name !== 'engine' && name !== 'ministack' && name !== 'aws') {
    throw new Error(
      `unable to choose the tests' target; PARLEY_TARGET must be engine, ministack or aws, not ${name}`,
    );
  }
  return name;
}

/** Milliseconds that a test waits for what must come, and for what must not come. */
export interface Patience {
  readonly forWhatMustCome: number;
  readonly forWhatMustNot: number;
}

/**
 * The engine polls streams within milliseconds, AWS four times a second, MiniStack about once a second: what must not
 * be delivered has to stay away for longer than what must be delivered takes.
 */
export function patience(): Patience {
  return PATIENCE[target()];
}

const PATIENCE = {
  engine: { forWhatMustCome: 15_000, forWhatMustNot: 400 },
  aws: { forWhatMustCome: 20_000, forWhatMustNot: 2_000 },
  ministack: { forWhatMustCome: 45_000, forWhatMustNot: 3_000 },
} as const satisfies Record<Target, Patience>;

/** Resolves after so many milliseconds. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** An origin that may open sockets: `PARLEY_ORIGIN`, or what the stack allows without any context. */
export function allowedOrigin(): string {
  return process.env.PARLEY_ORIGIN ?? (target() === 'engine' ? endpoint().http : 'http://localhost:3000');
}
