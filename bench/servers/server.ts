/** What the load generator knows of a server: all of them are driven through this and nothing else. */

/**
 * Hears one message.
 * @param order the server's own number for it, where it gives one
 * @param at when the frame arrived, ms of `performance.now()`
 */
export type OnDelivery = (text: string, order: number | undefined, at: number) => void;

/** Where a person is, and what hears for it. */
export interface Seat {
  readonly user: string;
  readonly room: string;
  readonly onDelivery: OnDelivery;
  /** The connection went though nobody closed it. */
  readonly onLoss: (reason: string) => void;
}

/** A person with an open socket in one room. */
export interface Participant {
  /** Resolves when the server has acknowledged the message; rejects where it refused it. */
  send(text: string): Promise<void>;
  close(): void;
}

export interface Server {
  readonly name: string;
  start(): Promise<void>;
  /** Makes the rooms with their members, before anybody connects. Keys are room ids, values user ids. */
  prepare(rooms: ReadonlyMap<string, readonly string[]>): Promise<void>;
  /** Opens a socket that is in its room when the promise resolves. */
  connect(seat: Seat): Promise<Participant>;
  /** The process whose tree is measured. */
  readonly pid: number;
  stop(): Promise<void>;
}

/** Names of servers, as options and tables have them. */
export type ServerName = 'parley' | 'socket.io' | 'ws';
