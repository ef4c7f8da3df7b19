import { createContext, use } from 'react';
import type { Room } from '../../client/index.ts';

/** What a message needs to know of where it stands. */
export interface TimelineSurroundings {
  readonly room: Room;
  readonly me: string;
  /** May delete what others wrote, pin, and act on their authors. */
  readonly moderates: boolean;
  readonly pins: boolean;
  /** Whether the list is a thread's: then nothing leads to it. */
  readonly isThread: boolean;
  /** Number of the message that is being edited. */
  readonly editing: number | undefined;
  readonly edit: (seq: number | undefined) => void;
}

export const TimelineContext = createContext<TimelineSurroundings | undefined>(undefined);

/** Of a message in a list. */
export function useTimeline(): TimelineSurroundings {
  const timeline = use(TimelineContext);
  if (!timeline) throw new Error('unable to render; there is no list of messages above');
  return timeline;
}
