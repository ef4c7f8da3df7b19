import { useState } from 'react';
import { useParley } from '../app/parley-context.ts';
import { useObservable } from '../app/use-observable.ts';
import { type RoomDialogName, RoomDialogs } from '../rooms/room-dialogs.tsx';
import { Button } from '../ui/button.tsx';
import { Empty } from '../ui/state.tsx';
import { useChat } from './chat-context.ts';
import css from './welcome.module.css';

/** Where no room is chosen: what one could do. */
export function Welcome({ name }: { readonly name: string }) {
  const rooms = useObservable(useParley().rooms);
  const { knowsRooms } = useChat();
  const [dialog, setDialog] = useState<RoomDialogName>();
  return (
    <>
      <Empty icon="messageCircle" title={`Hello, ${name}`}>
        <p>
          {rooms.length === 0 && knowsRooms
            ? 'You are in no room yet. Find one, or make one.'
            : 'Choose a room, or start something new.'}
        </p>
        <div className={css.buttons}>
          <Button look="primary" icon="compass" onClick={() => setDialog('discover')}>
            Discover rooms
          </Button>
          <Button icon="plus" onClick={() => setDialog('create')}>
            Create a room
          </Button>
          <Button icon="messageCircle" onClick={() => setDialog('direct')}>
            Message someone
          </Button>
        </div>
      </Empty>
      <RoomDialogs open={dialog} onClose={() => setDialog(undefined)} />
    </>
  );
}
