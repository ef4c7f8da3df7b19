import { useState } from 'react';
import type { RoomSummary } from '../../client/index.ts';
import { useParley } from '../app/parley-context.ts';
import { useObservable } from '../app/use-observable.ts';
import { go, useRoute } from '../app/use-route.ts';
import { useChat } from '../chat/chat-context.ts';
import { AskForNotifications } from '../notifications/ask.tsx';
import { type RoomDialogName, RoomDialogs } from '../rooms/room-dialogs.tsx';
import { Brand } from '../session/brand.tsx';
import { ThemeButton } from '../theme/theme-button.tsx';
import { IconButton } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import { Skeleton } from '../ui/state.tsx';
import { DirectLink } from './direct-link.tsx';
import { Me } from './me.tsx';
import { RoomLink } from './room-link.tsx';
import { Section } from './section.tsx';
import css from './sidebar.module.css';

/** The user's rooms and direct conversations, and the ways to others. */
export function Sidebar({ current }: { readonly current: string | undefined }) {
  const parley = useParley();
  const rooms = useObservable(parley.rooms);
  const { status } = useObservable(parley.state);
  const { knowsRooms } = useChat();
  const [dialog, setDialog] = useState<RoomDialogName>();
  const isComing = status === 'connecting' || status === 'catching-up';
  return (
    <nav className={css.sidebar} aria-label="Rooms">
      <div className={css.head}>
        <Brand />
        <ThemeButton />
      </div>
      <div className={css.filter}>
        <SearchButton />
      </div>
      <div className={css.scroll}>
        <Section
          title="Rooms"
          buttons={
            <>
              <IconButton small icon="compass" label="Discover rooms" onClick={() => setDialog('discover')} />
              <IconButton small icon="plus" label="Create a room" onClick={() => setDialog('create')} />
            </>
          }
        >
          {rooms.length > 0 || knowsRooms ? (
            <RoomLinks rooms={groupRooms(rooms)} current={current} />
          ) : isComing ? (
            <Skeleton label="Loading rooms" lines={3} />
          ) : (
            <p className={css.none}>Your rooms appear once Parley can be reached.</p>
          )}
        </Section>
        <Section
          title="Direct messages"
          buttons={
            <IconButton small icon="plus" label="New direct message" onClick={() => setDialog('direct')} />
          }
        >
          {(rooms.length > 0 || knowsRooms) && (
            <DirectLinks rooms={rooms.filter(({ kind }) => kind === 'direct')} current={current} />
          )}
        </Section>
      </div>
      <AskForNotifications />
      <Me />
      <RoomDialogs open={dialog} onClose={() => setDialog(undefined)} />
    </nav>
  );
}

/** By name: what is read by its place should keep it. */
function groupRooms(rooms: readonly RoomSummary[]): readonly RoomSummary[] {
  return rooms
    .filter(({ kind }) => kind !== 'direct')
    .sort((a, b) => a.name.localeCompare(b.name) || (a.room < b.room ? -1 : 1));
}

function SearchButton() {
  const route = useRoute();
  return (
    <button type="button" className={css.search} onClick={() => go({ ...route, panel: 'search' })}>
      <Icon name="search" size={16} />
      Search messages
    </button>
  );
}

interface LinksProps {
  readonly rooms: readonly RoomSummary[];
  readonly current: string | undefined;
}

function RoomLinks({ rooms, current }: LinksProps) {
  if (rooms.length === 0) return <p className={css.none}>No rooms yet.</p>;
  return (
    <ul>
      {rooms.map((room) => (
        <li key={room.room}>
          <RoomLink room={room} isCurrent={room.room === current} />
        </li>
      ))}
    </ul>
  );
}

function DirectLinks({ rooms, current }: LinksProps) {
  if (rooms.length === 0) return <p className={css.none}>Nobody yet.</p>;
  return (
    <ul>
      {rooms.map((room, index) => (
        <li key={room.room}>
          <DirectLink room={room} isCurrent={room.room === current} place={index} />
        </li>
      ))}
    </ul>
  );
}
