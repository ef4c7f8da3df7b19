import { useEffect } from 'react';
import type { RoomSummary } from '../../client/index.ts';
import { useParley } from '../app/parley-context.ts';
import { useObservable } from '../app/use-observable.ts';
import { useRoomName } from '../rooms/room-name.ts';
import { titleOf } from './title.ts';

/** What is new, in the title of the window or tab and on the app's icon where there is one. */
export function TitleBadge({ current }: { readonly current: string | undefined }) {
  const rooms = useObservable(useParley().rooms);
  const name = useRoomName(rooms.find(({ room }) => room === current));
  const { calls, isNew } = news(rooms);
  useEffect(() => {
    document.title = titleOf(name, calls, isNew);
    return () => {
      document.title = 'Parley';
    };
  }, [name, calls, isNew]);
  useEffect(() => {
    // Only installed apps have an icon to put it on.
    if ('setAppBadge' in navigator) navigator.setAppBadge(calls).catch(() => {});
  }, [calls]);
  return null;
}

/** How many messages call for the user, and whether there is anything new at all. */
function news(rooms: readonly RoomSummary[]): { readonly calls: number; readonly isNew: boolean } {
  const heard = rooms.filter(({ notify, mentions }) => notify !== 'nothing' || mentions > 0);
  const calls = heard.reduce(
    (sum, { kind, unread, mentions }) => sum + (kind === 'direct' ? unread : mentions),
    0,
  );
  return { calls, isNew: heard.some(({ unread }) => unread > 0) };
}
