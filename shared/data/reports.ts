/** The report items: which messages of a room its members want the admins to look at. One a message and reporter. */
import * as z from 'zod/mini';
import { type RoomId, Seq, Time, UserId } from '../protocol/ids.ts';
import { chatKeys, REPORT_PREFIX } from './keys.ts';
import type { Table } from './table.ts';

export interface Report {
  /** Number of the message. */
  readonly seq: number;
  /** Who reported it, and when, ISO 8601. */
  readonly user: UserId;
  readonly at: string;
  readonly reason: string;
}

const Stored = z.object({ seq: Seq, user: UserId, at: Time, reason: z.string() });

/** Stores a report; a second one of the same message by the same user takes the first one's place. */
export async function putReport(table: Table, room: RoomId, report: Report): Promise<void> {
  await table.put({ ...chatKeys.report(room, report.seq, report.user), ...report });
}

/** A page of a room's reports, those of the newest messages first, after the place `after`. */
export async function pageReports(
  table: Table,
  room: RoomId,
  page: { readonly limit: number; readonly after?: Pick<Report, 'seq' | 'user'> },
): Promise<{ readonly reports: readonly Report[]; readonly more: boolean }> {
  const { limit, after } = page;
  const { items, next } = await table.query({
    where: 'pk = :pk AND begins_with(sk, :prefix)',
    values: { ':pk': chatKeys.room(room).pk, ':prefix': REPORT_PREFIX },
    descending: true,
    limit,
    ...(after === undefined ? {} : { from: { ...chatKeys.report(room, after.seq, after.user) } }),
  });
  return { reports: items.map((item) => z.parse(Stored, item)), more: next !== undefined };
}
