import type { RoomSummary } from '../../client/index.ts';
import { type NameOf, useName, useNames } from '../people/names.ts';

type Named = Pick<RoomSummary, 'name' | 'kind' | 'with'>;

/** What a room is called: a direct one after the other in it. */
export function roomName(room: Named, nameOf: NameOf): string {
  return room.kind === 'direct' && room.with ? nameOf(room.with) : room.name;
}

/** What a room is called; asks for the name of the other of a direct one. */
export function useRoomName(room: Named | undefined): string {
  const other = useName(room?.with ?? '');
  const nameOf = useNames();
  if (!room) return '';
  return room.with ? other : roomName(room, nameOf);
}
