import type { BenchDatabase } from './database.ts';

/** How one append went. */
export interface Appended {
  /** False where the service would have answered `unavailable`. */
  readonly committed: boolean;
  /** Writes that did not take effect, by reason. */
  readonly failed: Readonly<Record<string, number>>;
}

/** Appends one message of one writer and ends when it may be acknowledged. `id` is new for this writer. */
export type Append = (id: string, text: string) => Promise<Appended>;

/** A room that writers can append to. */
export interface BenchRoom {
  /** What one writer's execution environment does, with its own connections to the database. */
  writer(writer: number, connections: ReturnType<BenchDatabase['open']>): Append;
}

/** A way to append. */
export interface Way {
  readonly name: string;
  /** Makes a room with so many members, and starts what has to run beside them; it ends with the database. */
  prepare(database: BenchDatabase, writers: number): Promise<BenchRoom>;
}
