import type { Member, RoomSummary } from '../../client/index.ts';

type Role = Member['role'];

const RANK = { member: 0, admin: 1, owner: 2 } as const satisfies Record<Role, number>;

/** What somebody may do in a room. The service decides; this only leaves out what it would refuse. */
export interface Rights {
  /** Admins and owners, not in direct rooms. */
  readonly moderates: boolean;
  readonly owns: boolean;
  /** Admins, and both in a direct room. */
  readonly pins: boolean;
}

export function rightsIn(room: Pick<RoomSummary, 'role' | 'kind'> | undefined): Rights {
  const isDirect = room?.kind === 'direct';
  const moderates = room !== undefined && !isDirect && RANK[room.role] >= RANK.admin;
  return { moderates, owns: moderates && room.role === 'owner', pins: moderates || isDirect };
}

/** Whether one is above another: nobody acts on who is not below. */
export function outranks(role: Role, other: Role): boolean {
  return RANK[role] > RANK[other];
}
