/** Whether what open connections were told of who is online is what is true. */
import type { RoomId, UserId } from '../../shared/protocol/ids.ts';
import type { HeldPresence } from './presence-held.ts';

/** A connection that asks and listens. */
export interface Watcher {
  readonly connection: string;
  readonly user: UserId;
  readonly connectedAt: number;
  readonly held: HeldPresence;
  open: boolean;
}

/** @returns a line for each view of a room that is not true: online is who has an open connection, and nobody else. */
export function falseViews(
  watchers: Iterable<Watcher>,
  memberships: ReadonlyMap<UserId, ReadonlySet<RoomId>>,
): string[] {
  const open = [...watchers].filter((one) => one.open);
  const online = new Set(open.map((one) => one.user));
  return open.flatMap(({ user, held }) =>
    [...(memberships.get(user) ?? [])].flatMap((room) => {
      const members = [...memberships.keys()].filter((one) => memberships.get(one)?.has(room));
      const seen = held.names(room)?.filter((one) => members.some((member) => member === one));
      const truth = members.filter((one) => online.has(one)).sort();
      return JSON.stringify(seen) === JSON.stringify(truth)
        ? []
        : [`${user} sees ${seen} in ${room}, where ${truth} are online`];
    }),
  );
}
