import { useState } from 'react';
import type { Room as RoomInfo } from '../../shared/protocol/rest.ts';
import { useParley } from '../app/parley-context.ts';
import { useObservable } from '../app/use-observable.ts';
import { go } from '../app/use-route.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Field } from '../ui/field.tsx';
import { Icon } from '../ui/icon.tsx';
import { sayError } from '../ui/toasts.tsx';
import { PageList } from './page-list.tsx';
import css from './rooms.module.css';
import { usePages } from './use-pages.ts';

/** Public rooms, by the beginning of their names: to join, or to go to. */
export function Discover({ onClose }: { readonly onClose: () => void }) {
  const parley = useParley();
  const mine = useObservable(parley.rooms);
  const [prefix, setPrefix] = useState('');
  const pages = usePages(prefix, (cursor) =>
    parley.discover({ ...(prefix && { prefix }), ...(cursor !== undefined && { cursor }) }),
  );
  return (
    <Dialog title="Discover rooms" onClose={onClose}>
      <Field
        label="Name begins with"
        type="search"
        value={prefix}
        autoFocus
        onChange={(event) => setPrefix(event.target.value)}
      />
      <PageList
        label="Public rooms"
        pages={pages}
        none={
          prefix ? 'No public room begins like that.' : 'There are no public rooms yet: create the first.'
        }
      >
        {(room) => (
          <Row
            key={room.room}
            room={room}
            isMember={mine.some((each) => each.room === room.room)}
            onDone={onClose}
          />
        )}
      </PageList>
    </Dialog>
  );
}

function Row({ room, isMember, onDone }: { room: RoomInfo; isMember: boolean; onDone: () => void }) {
  const parley = useParley();
  const [isBusy, setIsBusy] = useState(false);
  const enter = async () => {
    setIsBusy(true);
    try {
      if (!isMember) await parley.room(room.room).join();
      onDone();
      go({ room: room.room });
    } catch (error) {
      setIsBusy(false);
      sayError(error);
    }
  };
  return (
    <li className={css.row}>
      <span className={css.icon}>
        <Icon name="hash" />
      </span>
      <span className={css.words}>
        <span className={css.name}>{room.name}</span>
        <span className={css.about}>{room.topic || `#${room.room}`}</span>
      </span>
      <Button
        look={isMember ? 'plain' : 'primary'}
        busy={isBusy}
        onClick={enter}
        aria-label={`${isMember ? 'Open' : 'Join'} ${room.name}`}
      >
        {isMember ? 'Open' : 'Join'}
      </Button>
    </li>
  );
}
