import type { Table } from '../data/table.ts';
import type { RoomId } from '../protocol/ids.ts';
import type { FileTask } from './file-store.ts';
import type { Moderate } from './moderation.ts';

/** A room whose older messages are to be brought under a shorter retention: those after number `after`. */
export interface TrimTask {
  readonly room: RoomId;
  readonly after: number;
}

/** What every operation on rooms works with. Clock and ids are passed in, so that a test can decide both. */
export interface ChatContext {
  /** What must last. */
  readonly chat: Table;
  /** What is true for two hours at most. */
  readonly connections: Table;
  /** Which messages hold which words; not there where search is off, or the function has nothing to do with it. */
  readonly search?: Table | undefined;
  /** Epoch milliseconds. */
  now(): number;
  /** A new id that nobody can guess and that never comes twice (a UUID). */
  newId(): string;
  /** Messages and joins that one room takes within a second; 0 or undefined: any number. */
  readonly messagesPerSecondPerRoom?: number;
  /** Days that messages are kept in every room; 0 or undefined: for ever, where the room says nothing else. */
  readonly retentionDays?: number;
  /** Asks the operator's own function what becomes of a message; not there where the operator has none. */
  readonly moderate?: Moderate;
  /** Hands on what is left to do with a message's files; only there where messages are settled. */
  readonly followFiles?: (task: FileTask) => Promise<void>;
  /** Has a room's older messages brought under a shorter retention; only there where messages are settled. */
  readonly trimRoom?: (task: TrimTask) => Promise<void>;
  /** Waits so many milliseconds; a timer where it is not given. */
  sleep?(ms: number): Promise<void>;
}
