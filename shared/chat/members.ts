/** What admins do with members: invite, give a role, mute, remove, ban. The rules are in ranks.ts and docs/protocol.md, "Roles". */
import { getAccount } from '../data/accounts.ts';
import { getBan } from '../data/bans.ts';
import type { Committed, EventBody } from '../data/events.ts';
import type { Standing } from '../data/memberships.ts';
import { ParleyError } from '../protocol/errors.ts';
import type { Role, UserId } from '../protocol/ids.ts';
import type { Changed } from '../protocol/rest.ts';
import { AlreadySo, appendChange, changed } from './already-so.ts';
import type { Author } from './append.ts';
import type { ChatContext } from './context.ts';
import { keepAnOwner, lastMove, lookAt, noSuchUser, outranks, requireMember, requireRole } from './ranks.ts';
import { refusing } from './refusals.ts';
import type { HeadView } from './room-memory.ts';
import { isBanned, muteOf } from './standing.ts';

/** What a member shall be; what is left out stays. */
export interface WantedMember {
  readonly role?: Role | undefined;
  /** ISO 8601; null ends the mute. */
  readonly mutedUntil?: string | null | undefined;
}

type AboutMember = Author & { readonly member: UserId };

/**
 * Invites who is not a member, or changes a member's role or mute. An invitation lifts a ban; a mute outlasts leaving.
 *
 * @throws {ParleyError} `not_found` also where there is no such user, or who is to be muted is no member; `forbidden` for what the
 *   author's role does not allow; `conflict` where the last owner would step down; `unavailable`.
 */
export function changeMember(
  ctx: ChatContext,
  { member, wanted, ...author }: AboutMember & { readonly wanted: WantedMember },
): Promise<Changed> {
  const operation = 'change the member';
  const { room, user } = author;
  return refusing(operation, async () => {
    const committed = await appendChange(ctx, {
      ...author,
      operation,
      body: { type: 'member.updated', member },
      async authorise(standing, view) {
        if (member === user) {
          const own = await requireMember(ctx, operation, { standing, view });
          return { body: stepDown(own, wanted, { member, view, operation }) };
        }
        const actor = await requireRole(ctx, operation, { standing, view, least: 'admin' });
        const { record, standing: target } = await lookAt(ctx, view, member);
        const since = lastMove(member, record, view.changes);
        if (target)
          return { body: alter(actor, target, wanted, { member, operation, since, now: ctx.now() }) };
        const muted = muteOf(member, record, view.changes);
        return { body: await invite(ctx, actor, wanted, { member, operation, muted }) };
      },
    });
    return changed(room, committed);
  });
}

/** The one thing that a member may do with itself here: to be less. */
function stepDown(
  own: Standing,
  { role = own.role, mutedUntil }: WantedMember,
  { member, view, operation }: { member: UserId; view: HeadView; operation: string },
): EventBody {
  if (view.kind === 'direct') {
    throw new ParleyError('forbidden', operation, 'a direct room has two members and no roles');
  }
  if (mutedUntil !== undefined) throw new ParleyError('forbidden', operation, 'nobody mutes itself');
  if (role === own.role) throw new AlreadySo(own.since);
  if (!outranks(own.role, role)) throw new ParleyError('forbidden', operation, 'nobody raises itself');
  keepAnOwner(view, member, operation);
  return { type: 'member.updated', member, role, mutedUntil: own.mutedUntil ?? null };
}

/** The event carries role and mute as they are from then on, so that whoever applies it late ends at the same. */
function alter(
  actor: Standing,
  target: Standing,
  wanted: WantedMember,
  about: { member: UserId; operation: string; since: number; now: number },
): EventBody {
  const { member, operation, since, now } = about;
  if (!outranks(actor.role, target.role)) {
    throw new ParleyError('forbidden', operation, 'the member has the same role as you, or a higher one');
  }
  const { role = target.role } = wanted;
  if (role !== target.role) mayGive(actor, role, operation);
  const muted = target.mutedUntil ?? null;
  const mutedUntil = wanted.mutedUntil === undefined ? muted : lasting(wanted.mutedUntil, now);
  if (role === target.role && mutedUntil === muted) throw new AlreadySo(since);
  return { type: 'member.updated', member, role, mutedUntil };
}

async function invite(
  ctx: ChatContext,
  actor: Standing,
  { role = 'member', mutedUntil }: WantedMember,
  { member, operation, muted }: { member: UserId; operation: string; muted: string | undefined },
): Promise<EventBody> {
  // Who means to mute someone that just left does not mean to invite it.
  if (typeof mutedUntil === 'string') throw noSuchMember(operation);
  if (role !== 'member') mayGive(actor, role, operation);
  if (!(await getAccount(ctx.chat, member))) throw noSuchUser(operation);
  const stillMuted = mutedUntil === undefined ? lasting(muted ?? null, ctx.now()) : null;
  return {
    type: 'member.joined',
    member,
    ...(role === 'member' ? {} : { role }),
    ...(stillMuted === null ? {} : { mutedUntil: stillMuted }),
  };
}

/** Roles are given by owners alone: who is given one may do to others what its giver may. */
function mayGive(actor: Standing, role: Role, operation: string): void {
  if (actor.role !== 'owner')
    throw new ParleyError('forbidden', operation, `only an owner gives the role ${role}`);
}

/** A mute that has an end ahead; null for one that is over. */
function lasting(mutedUntil: string | null, now: number): string | null {
  return mutedUntil !== null && Date.parse(mutedUntil) > now ? mutedUntil : null;
}

function noSuchMember(operation: string): ParleyError {
  return new ParleyError('not_found', operation, 'there is no such member');
}

/**
 * Ends someone else's membership; with `ban` for good, also where there is none to end. Its connections are the caller's to close
 * then (P9): `revocationOf` says which.
 *
 * @throws {ParleyError} `not_found` also where there is no such member, or no such user to ban; `forbidden` for what the author's role
 *   does not allow; `unavailable`.
 */
export function removeMember(
  ctx: ChatContext,
  { member, ban, ...author }: AboutMember & { readonly ban: boolean },
): Promise<Committed> {
  const operation = ban ? 'ban the member' : 'remove the member';
  const { room, user } = author;
  return refusing(operation, async () => {
    return appendChange(ctx, {
      ...author,
      operation,
      body: { type: 'member.removed', member, banned: ban },
      async authorise(standing, view) {
        const actor = await requireRole(ctx, operation, { standing, view, least: 'admin' });
        const { standing: target } = member === user ? { standing } : await lookAt(ctx, view, member);
        if (target && !outranks(actor.role, target.role)) {
          throw new ParleyError(
            'forbidden',
            operation,
            'the member has the same role as you, or a higher one',
          );
        }
        if (target) return;
        if (!ban) throw noSuchMember(operation);
        const before = await getBan(ctx.chat, room, member);
        if (isBanned(member, before, view.changes))
          throw new AlreadySo(lastMove(member, before, view.changes));
        if (!(await getAccount(ctx.chat, member))) throw noSuchUser(operation);
      },
    });
  });
}
