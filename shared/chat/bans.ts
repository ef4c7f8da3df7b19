/** Bans: who may not come back, and how a ban ends. */

import * as z from 'zod/mini';
import { getBan, pageBans } from '../data/bans.ts';
import type { Committed } from '../data/events.ts';
import { ParleyError } from '../protocol/errors.ts';
import { type RoomId, UserId } from '../protocol/ids.ts';
import { type Ban, type Changed, DEFAULT_PAGE_LIMIT } from '../protocol/rest.ts';
import { appendChange, changed } from './already-so.ts';
import type { Author } from './append.ts';
import type { ChatContext } from './context.ts';
import { decodeCursor } from './cursor.ts';
import { type PageOf, type PageRequest, pageOf } from './lists.ts';
import { requireRole } from './ranks.ts';
import { readRoom } from './read-room.ts';
import { refusing } from './refusals.ts';
import type { Revocation } from './revocation.ts';
import { isBanned } from './standing.ts';

/**
 * Lifts a ban. It makes nobody a member.
 *
 * @throws {ParleyError} `not_found` also where the user is not banned; `forbidden` for who is not an admin; `unavailable`.
 */
export function unban(
  ctx: ChatContext,
  { member, ...author }: Author & { readonly member: UserId },
): Promise<Changed> {
  const operation = 'lift the ban';
  const { room } = author;
  return refusing(operation, async () => {
    const committed = await appendChange(ctx, {
      ...author,
      operation,
      body: { type: 'member.unbanned', member },
      async authorise(standing, view) {
        await requireRole(ctx, operation, { standing, view, least: 'admin' });
        if (isBanned(member, await getBan(ctx.chat, room, member), view.changes)) return;
        throw new ParleyError('not_found', operation, 'the user is not banned');
      },
    });
    return changed(room, committed);
  });
}

const AfterUser = z.object({ user: UserId });

/**
 * Who is banned from a room, by user id, to its admins.
 *
 * @throws {ParleyError} `not_found`; `forbidden` for who is not an admin; `bad_request` for a foreign cursor; `unavailable`.
 */
export function listBans(
  ctx: ChatContext,
  request: PageRequest & { readonly user: UserId; readonly room: RoomId },
): Promise<PageOf<Ban>> {
  const operation = 'list bans';
  const { user, room, limit = DEFAULT_PAGE_LIMIT } = request;
  return refusing(operation, async () => {
    const after = decodeCursor(AfterUser, request.cursor, operation)?.user;
    const { view, standing } = await readRoom(ctx, { user, room }, operation);
    await requireRole(ctx, operation, { standing, view, least: 'admin' });
    const { bans, more } = await pageBans(ctx.chat, room, {
      limit,
      ...(after === undefined ? {} : { after }),
    });
    const last = bans.at(-1);
    return pageOf([...bans], more && last ? { user: last.user } : undefined);
  });
}

/**
 * The connections that a ban closes (P9): all of the banned user that were open at that moment. Who comes back hears its other rooms.
 * Call it after the ban is stored.
 *
 * @returns undefined for an event that bans nobody.
 */
export function revocationOf({ event }: Committed): Revocation | undefined {
  if (event.type !== 'member.removed' || !event.banned) return undefined;
  return { user: event.member, code: 'banned', reconnect: true, connectedBefore: Date.parse(event.at) };
}
