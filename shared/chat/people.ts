/** The people of the service, with presence where it is the caller's to know. */
import * as z from 'zod/mini';
import { pagePeople } from '../data/accounts.ts';
import { listMemberships } from '../data/memberships.ts';
import { whoIsOnline } from '../data/presence.ts';
import { UserId } from '../protocol/ids.ts';
import { DEFAULT_PAGE_LIMIT, type Person } from '../protocol/rest.ts';
import type { ChatContext } from './context.ts';
import { decodeCursor } from './cursor.ts';
import { type PageOf, type PageRequest, pageOf } from './lists.ts';
import { refusing } from './refusals.ts';

const AfterUser = z.object({ user: UserId });

/**
 * People by user id, a moment behind. Accounts that were deleted are not among them.
 *
 * Online is told only of who shares a room with the caller, as their frames are: of everyone else it says the same as of who is
 * offline. Someone who can find a name can't watch its owner's day.
 *
 * @param request.prefix only ids that begin so; their case does not matter.
 * @throws {ParleyError} `bad_request` for a foreign cursor, `unavailable`.
 */
export async function listPeople(
  ctx: ChatContext,
  request: PageRequest & { readonly user: UserId; readonly prefix?: string | undefined },
): Promise<PageOf<Person>> {
  const operation = 'list people';
  const { user, limit = DEFAULT_PAGE_LIMIT } = request;
  const prefix = (request.prefix ?? '').toLowerCase();
  const Place = AfterUser.check(
    z.refine((place: { user: string }) => place.user.startsWith(prefix), 'must be of the same list'),
  );
  const after = decodeCursor(Place, request.cursor, operation)?.user;
  return refusing(operation, async () => {
    const page = { limit, prefix, ...(after === undefined ? {} : { after }) };
    const { people, last } = await pagePeople(ctx.chat, page);
    const visible = await visiblyOnline(
      ctx,
      user,
      people.map((person) => person.user),
    );
    const items = people.map((person) => ({
      user: person.user,
      displayName: person.displayName,
      online: visible.has(person.user),
    }));
    return pageOf(items, last && { user: last });
  });
}

/** Those who are online and share a room with the caller, itself included. */
async function visiblyOnline(
  ctx: ChatContext,
  caller: UserId,
  users: readonly UserId[],
): Promise<ReadonlySet<UserId>> {
  const online = await whoIsOnline(ctx.connections, users, ctx.now());
  if (online.size === 0) return online;
  const mine = new Set((await listMemberships(ctx.chat, caller)).map(({ room }) => room));
  const shown = await Promise.all(
    [...online].map(async (user) => {
      if (user === caller) return user;
      const theirs = await listMemberships(ctx.chat, user);
      return theirs.some(({ room }) => mine.has(room)) ? user : undefined;
    }),
  );
  return new Set(shown.filter((user) => user !== undefined));
}
