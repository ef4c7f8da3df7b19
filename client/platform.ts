/** The surroundings that the client runs in, all of which can be replaced: by Node's, or by a test's. */

/** A WebSocket, as browsers, Node and `ws` have it. */
export interface Socket {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number }) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string): void;
  close(code?: number): void;
}

/** Something under a name, for as long as the page or longer. Values are JSON's. */
export interface Storage {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown): Promise<void>;
  delete(key: string): Promise<void>;
  /** What is under keys that begin so, by key. */
  list(prefix: string): Promise<readonly (readonly [key: string, value: unknown])[]>;
}

/** Other tabs of the same origin. */
export interface Channel {
  post(message: unknown): void;
  listen(listener: (message: unknown) => void): void;
  close(): void;
}

/** What is told by the machine: that the network came or went, that somebody looks at the page again. */
export type Signal = 'online' | 'offline' | 'visible' | 'hidden';

export interface Platform {
  /** Milliseconds that only ever grow, whatever happens to the clock on the wall. */
  readonly now: () => number;
  /** The clock on the wall: for what is shown, never for what is decided. */
  readonly date: () => Date;
  /** A number from 0 to 1, 1 excluded. */
  readonly random: () => number;
  /** Calls `task` after so many milliseconds, unless what it returns is called. */
  readonly after: (milliseconds: number, task: () => void) => () => void;
  readonly newId: () => string;
  readonly fetch: typeof fetch;
  /**
   * Opens a socket. Where `sendsHeaders` is true, `headers` are sent with the handshake; else a ticket is in the address.
   */
  readonly openSocket: (url: string, headers: Readonly<Record<string, string>>) => Socket;
  readonly sendsHeaders: boolean;
  /** Where all is kept; a name tells services apart. Rejects, at once or later, where there is none to be had. */
  readonly openStorage: (name: string) => Promise<Storage>;
  /** Undefined where there are no other tabs. */
  readonly openChannel: (name: string) => Channel | undefined;
  /** Runs `task` while no other tab runs one of that name. */
  readonly exclusively: <T>(name: string, task: () => Promise<T>) => Promise<T>;
  /** Tells `listener` until what it returns is called. */
  readonly signals: (listener: (signal: Signal) => void) => () => void;
  readonly isHidden: () => boolean;
  /** How a form or a part is sent with progress; by `fetch`, and told once it is done, where there is no XMLHttpRequest. */
  readonly put: (request: UploadRequest) => Promise<UploadAnswer>;
}

export interface UploadRequest {
  readonly method: 'POST' | 'PUT';
  readonly url: string;
  readonly body: Blob | FormData;
  readonly onProgress: (sent: number) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface UploadAnswer {
  readonly status: number;
  readonly text: string;
}

/** Resolves after so many milliseconds. */
export function pause({ after }: Pick<Platform, 'after'>, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    after(milliseconds, resolve);
  });
}
