import { lazy, Suspense, useEffect, useMemo } from 'react';
import { useParley } from '../app/parley-context.ts';
import { beside, useRoute } from '../app/use-route.ts';
import { Notifications } from '../notifications/notifications.tsx';
import { TitleBadge } from '../notifications/title-badge.tsx';
import { Directory } from '../people/directory.ts';
import { RoomView } from '../room/room-view.tsx';
import { useKnowsRooms } from '../rooms/use-knows-rooms.ts';
import { Sidebar } from '../sidebar/sidebar.tsx';
import { StatusBars } from '../status/status-bars.tsx';
import { classes } from '../ui/classes.ts';
import { Skeleton } from '../ui/state.tsx';
import css from './chat.module.css';
import { ChatContext } from './chat-context.ts';
import { Welcome } from './welcome.tsx';

const Panel = lazy(async () => ({ default: (await import('../panels/panel.tsx')).Panel }));

interface Props {
  readonly user: { readonly user: string; readonly displayName: string };
}

/** All that somebody who is logged in sees: rooms, a room, and perhaps something beside it. */
export function Chat({ user }: Props) {
  const parley = useParley();
  const route = useRoute();
  const directory = useMemo(() => new Directory(parley), [parley]);
  useEffect(() => {
    directory.learn([user]);
  }, [directory, user]);
  useEffect(() => {
    // Names come one by one where this fails.
    directory.load().catch(() => {});
  }, [directory]);
  const { room, panel, thread } = route;
  const hasPanel = panel !== undefined || (room !== undefined && thread !== undefined);
  const knowsRooms = useKnowsRooms();
  const chat = useMemo(() => ({ me: user.user, directory, knowsRooms }), [user.user, directory, knowsRooms]);
  return (
    <ChatContext value={chat}>
      <div
        className={classes(
          css.chat,
          hasPanel && css.withPanel,
          room === undefined ? css.inRooms : css.inRoom,
        )}
      >
        <div className={css.status}>
          <StatusBars />
        </div>
        <Sidebar current={room} />
        <main className={css.main}>
          {room === undefined ? <Welcome name={user.displayName} /> : <RoomView key={room} id={room} />}
        </main>
        {hasPanel && (
          <Suspense fallback={<Skeleton label="Loading" />}>
            <Panel route={route} onClose={() => beside({})} />
          </Suspense>
        )}
        <TitleBadge current={room} />
        <Notifications current={room} />
      </div>
    </ChatContext>
  );
}
