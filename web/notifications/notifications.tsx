import { useEffect, useRef } from 'react';
import type { Notification as Told } from '../../client/index.ts';
import { useParley } from '../app/parley-context.ts';
import { go } from '../app/use-route.ts';
import { useNames } from '../people/names.ts';
import { looksHere } from '../timeline/use-mark-read.ts';
import { permission } from './permission.ts';

/** Shows the browser's notifications of what the service tells, but for the room that is being looked at. */
export function Notifications({ current }: { readonly current: string | undefined }) {
  const parley = useParley();
  const nameOf = useNames();
  const looked = useRef({ current, nameOf });
  looked.current = { current, nameOf };
  useEffect(
    () =>
      parley.on('notification', (told) => {
        if (told.room === looked.current.current && looksHere()) return;
        if (permission() !== 'granted') return;
        const room = parley.rooms.getSnapshot().find((each) => each.room === told.room);
        show(told, looked.current.nameOf(told.user), room?.name ?? told.room);
      }),
    [parley],
  );
  return null;
}

function show(told: Told, name: string, room: string): void {
  const title = told.kind === 'direct' ? name : `${name} in ${room}`;
  try {
    // Other tabs show the same: one of a tag is shown once.
    const shown = new Notification(title, {
      body: told.preview,
      tag: `${told.room} ${told.seq}`,
      icon: '/icon.svg',
    });
    shown.onclick = () => {
      window.focus();
      go({ room: told.room, at: told.seq });
      shown.close();
    };
  } catch {
    // Chrome on Android has the permission, and lets only service workers show one: counts and the title say it.
  }
}
