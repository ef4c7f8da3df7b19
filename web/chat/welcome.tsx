import { useState } from 'react';
import { useParley } from '../app/parley-context.ts';
import { useObservable } from '../app/use-observable.ts';
import { type RoomDialogName, RoomDialogs } from '../rooms/room-dialogs.tsx';
import { Button } from '../ui/button.tsx';
import { Empty } from '../ui/state.tsx';
import css from './welcome.module.css';

/** Where no room is chosen: what one could do. */
export function Welcome({ name }: { readonly name: string }) {
  const rooms = useObservable(useParley().rooms);
  const [dialog, setDialog] = useState<RoomDialogName>();
  return (
    <>
      <Empty icon="messageCircle" title={`Hello, ${name}`}>
        <p>
          {rooms.length > 0
            ? 'Choose a room, or start something new.'
            : 'You are in no room yet. Find one, or make one.'}
        </p>
        <p className={css.buttons}>
          <Button look="primary" icon="compass" onClick={() => setDialog('discover')}>
            Discover rooms
          </Button>
          <Button icon="plus" onClick={() => setDialog('create')}>
            Create a room
          </Button>
          <Button icon="messageCircle" onClick={() => setDialog('direct')}>
            Message someone
          </Button>
        </p>
      </Empty>
      <RoomDialogs open={dialog} onClose={() => setDialog(undefined)} />
    </>
  );
}
