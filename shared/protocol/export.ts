/** What the exports answer, a page at a time: all that is stored about a user, all that a room's log holds. */
import * as z from 'zod/mini';
import { RoomEvent } from './events.ts';
import { RoomId, SeenSeq } from './ids.ts';

export const ExportQuery = z.object({ cursor: z.optional(z.string().check(z.maxLength(2_048))) });

/** What a record is about. */
export const ExportKind = z.enum([
  'account',
  'session',
  'membership',
  'block',
  'notification',
  'thread',
  'login',
  'connection',
  'presence',
  'event',
  'ban',
  'report',
  'file',
  'other',
]);
export type ExportKind = z.infer<typeof ExportKind>;

/** One record as it is stored, without what only we can use: keys of the table, hashes, addresses within the service. */
export const ExportRecord = z.object({
  kind: ExportKind,
  /** Where it belongs to a room. */
  room: z.optional(RoomId),
  data: z.record(z.string(), z.unknown()),
});
export type ExportRecord = z.infer<typeof ExportRecord>;

/** A page of a room's events, ascending. */
export const RoomExport = z.object({
  items: z.array(RoomEvent),
  /** Number of the event that the export ends with. */
  seq: SeenSeq,
  cursor: z.optional(z.string()),
});
export type RoomExport = z.infer<typeof RoomExport>;
