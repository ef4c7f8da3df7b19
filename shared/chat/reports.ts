/** Reports: members ask the admins of a room to look at a message. Not events: who reported what is for the admins alone. */
import * as z from 'zod/mini';
import { batchGetEventsOf, getEvent, isMessage } from '../data/events.ts';
import { toMessage } from '../data/message-state.ts';
import { pageReports, putReport, type Report as StoredReport } from '../data/reports.ts';
import { ParleyError } from '../protocol/errors.ts';
import { type RoomId, Seq, UserId } from '../protocol/ids.ts';
import { DEFAULT_PAGE_LIMIT, type Report } from '../protocol/rest.ts';
import type { ChatContext } from './context.ts';
import { decodeCursor } from './cursor.ts';
import { type PageOf, type PageRequest, pageOf } from './lists.ts';
import { requireMember, requireRole } from './ranks.ts';
import { readRoom } from './read-room.ts';
import { refusing } from './refusals.ts';

interface Reader {
  readonly user: UserId;
  readonly room: RoomId;
}

/**
 * Reports a message. A second report of it by the same user takes the place of the first.
 *
 * @throws {ParleyError} `not_found` also where there is no such message; `forbidden` for who is no member; `unavailable`.
 */
export function report(
  ctx: ChatContext,
  { seq, reason, ...reader }: Reader & { readonly seq: number; readonly reason: string },
): Promise<Report> {
  const operation = 'report the message';
  const { user, room } = reader;
  return refusing(operation, async () => {
    await requireMember(ctx, operation, await readRoom(ctx, reader, operation));
    const found = await getEvent(ctx.chat, room, seq);
    if (!found || !isMessage(found) || found.state?.deleted !== undefined) {
      throw new ParleyError('not_found', operation, 'there is no such message');
    }
    const made: StoredReport = { seq, user, at: new Date(ctx.now()).toISOString(), reason };
    await putReport(ctx.chat, room, made);
    return { ...made, message: toMessage(found, user) };
  });
}

const AfterReport = z.object({ seq: Seq, user: UserId });

/**
 * What was reported in a room, the newest messages first, to its admins.
 *
 * @throws {ParleyError} `not_found`; `forbidden` for who is not an admin; `bad_request` for a foreign cursor; `unavailable`.
 */
export function listReports(ctx: ChatContext, request: PageRequest & Reader): Promise<PageOf<Report>> {
  const operation = 'list reports';
  const { room, limit = DEFAULT_PAGE_LIMIT } = request;
  return refusing(operation, async () => {
    const after = decodeCursor(AfterReport, request.cursor, operation);
    const { view, standing } = await readRoom(ctx, request, operation);
    await requireRole(ctx, operation, { standing, view, least: 'admin' });
    const { reports, more } = await pageReports(ctx.chat, room, {
      limit,
      ...(after === undefined ? {} : { after }),
    });
    const seqs = [...new Set(reports.map(({ seq }) => seq))];
    const stored = await batchGetEventsOf(ctx.chat, room, seqs);
    const messages = new Map(stored.filter(isMessage).map((message) => [message.event.seq, message]));
    const items = reports.map((one) => {
      const message = messages.get(one.seq);
      return message ? { ...one, message: toMessage(message, request.user) } : one;
    });
    const last = reports.at(-1);
    return pageOf(items, more && last ? { seq: last.seq, user: last.user } : undefined);
  });
}
