/** Who may do what to whom: `owner` > `admin` > `member`. docs/protocol.md, "Roles". */
import { getMembershipRecord, type MembershipRecord, type Standing } from '../data/memberships.ts';
import { ParleyError } from '../protocol/errors.ts';
import type { Role, UserId } from '../protocol/ids.ts';
import type { ChatContext } from './context.ts';
import { strangerRefusal } from './refusals.ts';
import type { HeadView } from './room-memory.ts';
import { standingOf } from './standing.ts';

const RANK = { member: 1, admin: 2, owner: 3 } as const satisfies Record<Role, number>;

export function isAtLeast(role: Role, least: Role): boolean {
  return RANK[role] >= RANK[least];
}

/** Nobody acts on who has the same rank or a higher one; who is no member has none. */
export function outranks(actor: Role, target: Role | undefined): boolean {
  return target === undefined || RANK[actor] > RANK[target];
}

/**
 * The standing of someone who acts on a room by its role there.
 *
 * @throws {ParleyError} `not_found` or `forbidden` for who is no member, as everywhere; `forbidden` for who has not the role, and
 *   in direct rooms, which know none.
 */
export async function requireRole(
  ctx: ChatContext,
  operation: string,
  { standing, view, least }: { standing: Standing | undefined; view: HeadView; least: Role },
): Promise<Standing> {
  const member = await requireMember(ctx, operation, { standing, view });
  if (view.kind === 'direct') {
    throw new ParleyError('forbidden', operation, 'a direct room has two members and no roles');
  }
  if (!isAtLeast(member.role, least)) {
    throw new ParleyError('forbidden', operation, `it takes the role ${least}`);
  }
  return member;
}

/** @throws {ParleyError} `not_found` or `forbidden` for who is no member. */
export async function requireMember(
  ctx: ChatContext,
  operation: string,
  { standing, view }: { standing: Standing | undefined; view: HeadView },
): Promise<Standing> {
  if (!standing) throw await strangerRefusal(ctx, view.room, operation);
  return standing;
}

/** What a user is in a room, as of a head, exactly: with the item, which knows more than the standing. */
export async function lookAt(
  ctx: ChatContext,
  view: HeadView,
  user: UserId,
): Promise<{ readonly record: MembershipRecord | undefined; readonly standing: Standing | undefined }> {
  const record = await getMembershipRecord(ctx.chat, user, view.room);
  return { record, standing: standingOf(user, record, view.changes) };
}

/** Number of the event that made someone what it is: the newest about it that is not settled, or what the item reflects. */
export function lastMove(
  user: UserId,
  record: { readonly asOf: number } | undefined,
  changes: HeadView['changes'],
): number {
  const newest = changes.findLast((change) => change.member === user && change.type.startsWith('member.'));
  return Math.max(newest?.seq ?? 1, record?.asOf ?? 1);
}

/** Refuses to leave a room without an owner. @throws {ParleyError} `conflict`. */
export function keepAnOwner(view: HeadView, user: UserId, operation: string): void {
  if (view.owners.length === 1 && view.owners[0] === user) {
    throw new ParleyError('conflict', operation, 'the last owner has to name another first');
  }
}

/** For what names a user that nobody is. */
export function noSuchUser(operation: string): ParleyError {
  return new ParleyError('not_found', operation, 'there is no such user');
}
