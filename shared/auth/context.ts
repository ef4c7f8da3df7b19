import type { Table } from '../data/table.ts';

/** What accounts, sessions and tickets work with. Clock and ids are passed in, so that a test can decide both. */
export interface AuthContext {
  readonly chat: Table;
  readonly connections: Table;
  /** Epoch milliseconds. */
  now(): number;
  /** A new id that nobody can guess and that never comes twice (a UUID). */
  newId(): string;
}
