import { useState } from 'react';
import type { RoomSummary } from '../../client/index.ts';

/** How far the user had read when the room was opened: what is new is marked from there on. Undefined where nothing was new. */
export function useReadAtFirst({ read, unread }: RoomSummary): number | undefined {
  const [first] = useState(() => (unread > 0 ? read : undefined));
  return first;
}
