/** What a user may do in a room, as the log says: its membership item, and the changes that have not reached the item yet. */
import type { BanRecord } from '../data/bans.ts';
import type { NumberedChange } from '../data/heads.ts';
import type { MembershipRecord, Standing } from '../data/memberships.ts';
import type { UserId } from '../protocol/ids.ts';

/**
 * A user's standing as of a head, exactly (P6).
 *
 * @param record the membership item, read **after** the head that `changes` come from: every change up to the head's `settled` is in
 *   the item, every later one in `changes`, so nothing is missed. A change that is in both is skipped by its number.
 * @returns `undefined` for who is not a member.
 */
export function standingOf(
  user: UserId,
  record: MembershipRecord | undefined,
  changes: readonly NumberedChange[],
): Standing | undefined {
  const start = record?.state === 'active' ? record.membership : undefined;
  return changes
    .filter((change) => change.member === user && change.seq > (record?.asOf ?? 0))
    .reduce<Standing | undefined>(apply, start);
}

function apply(standing: Standing | undefined, change: NumberedChange): Standing | undefined {
  switch (change.type) {
    case 'room.created':
      return { role: change.role ?? 'owner', since: change.seq };
    case 'member.joined': {
      const mute = change.mutedUntil ? { mutedUntil: change.mutedUntil } : {};
      return { role: change.role ?? 'member', since: change.seq, ...mute };
    }
    case 'member.left':
    case 'member.removed':
      return undefined;
    case 'member.updated': {
      if (!standing) return undefined;
      const { mutedUntil: mutedBefore, ...rest } = standing;
      const mutedUntil = change.mutedUntil === undefined ? mutedBefore : (change.mutedUntil ?? undefined);
      return { ...rest, role: change.role ?? rest.role, ...(mutedUntil === undefined ? {} : { mutedUntil }) };
    }
    default:
      return standing;
  }
}

/**
 * Whether what was read between two looks at a membership may be shown (P6): it may be newer than the first look. A member after the
 * reading was one during it; so was who had joined, by the head, and whose item has not come yet.
 */
export function mayShow(before: MembershipRecord | undefined, after: MembershipRecord | undefined): boolean {
  if (after?.state === 'active') return true;
  return before?.state !== 'active' && after?.asOf === before?.asOf;
}

/**
 * Until when a user is muted, member or not: who leaves and comes back is muted still. As exact as `standingOf`.
 *
 * @returns ISO 8601.
 */
export function muteOf(
  user: UserId,
  record: MembershipRecord | undefined,
  changes: readonly NumberedChange[],
): string | undefined {
  const start = record?.state === 'active' ? record.membership.mutedUntil : record?.mutedUntil;
  return changes
    .filter((change) => change.member === user && change.seq > (record?.asOf ?? 0))
    .reduce((muted, { mutedUntil }) => (mutedUntil === undefined ? muted : (mutedUntil ?? undefined)), start);
}

/**
 * Whether a user is banned as of a head, exactly.
 *
 * @param record the ban's item, read after the head that `changes` come from.
 */
export function isBanned(
  user: UserId,
  record: BanRecord | undefined,
  changes: readonly NumberedChange[],
): boolean {
  return changes
    .filter((change) => change.member === user && change.seq > (record?.asOf ?? 0))
    .reduce(
      (banned, { type, banned: ban }) => {
        if (type === 'member.removed') return banned || ban === true;
        // Who is banned joins by an invitation only, and that lifts the ban.
        return banned && type !== 'member.unbanned' && type !== 'member.joined';
      },
      record !== undefined && !record.lifted,
    );
}
