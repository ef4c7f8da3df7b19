/** Leaving a room because the account is deleted: nothing may keep the user, and no room may be left without who can look after it. */
import { getHead } from '../data/heads.ts';
import { type Membership, pageMembers } from '../data/memberships.ts';
import { ParleyError } from '../protocol/errors.ts';
import type { RoomId, UserId } from '../protocol/ids.ts';
import { appendChange } from './already-so.ts';
import type { ChatContext } from './context.ts';
import { lookAt } from './ranks.ts';

const OPERATION = 'delete the account';
/** Members among whom an heir is looked for, at most; a page is a call. */
const CANDIDATES = 1_000;
const PAGE = 100;
/** Heirs that leave just when they are named, at most. */
const TRIES = 5;

/** Ends an append whose reason is gone. */
class NotNeeded extends Error {}

/** Ends a user's membership of a room, whatever kind it is of; its last owner names another first. Done already: nothing happens. */
export async function leaveForGood(ctx: ChatContext, user: UserId, room: RoomId): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    if ((await getHead(ctx.chat, room))?.owners.join() !== user) break;
    if (await nameHeir(ctx, user, room, (owners) => owners.length === 1 && owners[0] === user)) break;
  }
  await unlessNeedless(
    appendChange(ctx, {
      room,
      user,
      operation: OPERATION,
      body: { type: 'member.left', member: user },
      authorise(standing) {
        if (!standing) throw new NotNeeded();
      },
    }),
  );
}

/**
 * Sees to a room that a deleted user left without an owner, as nobody else was there: who has joined since becomes it; a room that is
 * still empty is deleted, as nobody could ever look after it. The pseudonym does it: the room's log says whose room it was.
 */
export async function seeToOwner(ctx: ChatContext, pseudonym: UserId, room: RoomId): Promise<void> {
  const head = await getHead(ctx.chat, room);
  if (!head || head.owners.length > 0 || head.kind === 'direct' || head.deleted) return;
  if (await nameHeir(ctx, pseudonym, room, (owners) => owners.length === 0)) return;
  await unlessNeedless(
    appendChange(ctx, {
      room,
      user: pseudonym,
      operation: OPERATION,
      body: { type: 'room.deleted' },
      authorise(_, view) {
        // A join that is not settled may not be in the list of members yet.
        const joining = view.changes.some(({ type }) => type === 'member.joined');
        if (view.owners.length > 0 || joining) throw new NotNeeded();
      },
    }),
  );
}

/**
 * Makes another member an owner: the admin who has been there longest, else the member who has.
 *
 * @param needed whether the owners that there are make it needed.
 * @returns whether the room needs nobody any more.
 */
async function nameHeir(
  ctx: ChatContext,
  by: UserId,
  room: RoomId,
  needed: (owners: readonly UserId[]) => boolean,
): Promise<boolean> {
  const heir = (await candidates(ctx, by, room))[0];
  if (!heir) return false;
  const committed = await unlessNeedless(
    appendChange(ctx, {
      room,
      user: by,
      operation: OPERATION,
      body: { type: 'member.updated', member: heir.user, role: 'owner' },
      async authorise(_, view) {
        // The list is a moment behind. Whoever leaves after this look raises the guard, and it is looked again.
        const { standing } = await lookAt(ctx, view, heir.user);
        if (!needed(view.owners) || !standing) throw new NotNeeded();
      },
    }),
  );
  return committed || !needed((await getHead(ctx.chat, room))?.owners ?? []);
}

async function candidates(ctx: ChatContext, except: UserId, room: RoomId): Promise<Membership[]> {
  const found: Membership[] = [];
  for (let after: UserId | undefined; found.length < CANDIDATES; ) {
    const page = await pageMembers(ctx.chat, room, {
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    });
    found.push(...page.memberships);
    after = page.memberships.at(-1)?.user;
    if (!page.more || after === undefined) break;
  }
  const rank = ({ role }: Membership) => (role === 'member' ? 1 : 0);
  return found.filter(({ user }) => user !== except).sort((a, b) => rank(a) - rank(b) || a.since - b.since);
}

/** @returns whether it was done. A room that is gone needs nothing either. */
async function unlessNeedless(change: Promise<unknown>): Promise<boolean> {
  try {
    await change;
    return true;
  } catch (error) {
    if (error instanceof NotNeeded) return false;
    if (error instanceof ParleyError && error.code === 'not_found') return false;
    throw error;
  }
}
