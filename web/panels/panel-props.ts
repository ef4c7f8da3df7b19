import type { Room, RoomSummary } from '../../client/index.ts';

/** What a panel about a room is given. */
export interface PanelProps {
  readonly room: Room;
  readonly summary: RoomSummary;
  readonly name: string;
  readonly onClose: () => void;
}
