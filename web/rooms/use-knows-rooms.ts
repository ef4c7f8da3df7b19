import { useEffect, useState, useSyncExternalStore } from 'react';
import { useParley } from '../app/parley-context.ts';

/** Whether a room that is not listed is none of the user's: the service has told of all since the page began. */
export function useKnowsRooms(): boolean {
  const { state } = useParley();
  const isOnline = useSyncExternalStore(state.subscribe, () => state.getSnapshot().status === 'online');
  const [hasBeen, setHasBeen] = useState(isOnline);
  useEffect(() => {
    if (isOnline) setHasBeen(true);
  }, [isOnline]);
  return hasBeen || isOnline;
}
