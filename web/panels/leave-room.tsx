import { useState } from 'react';
import type { Room } from '../../client/index.ts';
import { go } from '../app/use-route.ts';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/confirm.tsx';
import css from './panel.module.css';

interface Props {
  readonly room: Room;
  readonly name: string;
  readonly owns: boolean;
}

/** The ways out of a room: leaving it, and for its owners deleting it. */
export function LeaveRoom({ room, name, owns }: Props) {
  const [asked, setAsked] = useState<'leave' | 'delete'>();
  const close = () => setAsked(undefined);
  const then = async (work: Promise<void>) => {
    await work;
    go({});
  };
  return (
    <section className={css.section} aria-label="Leaving">
      <div className={css.buttons}>
        <Button icon="logOut" onClick={() => setAsked('leave')}>
          Leave room
        </Button>
        {owns && (
          <Button icon="trash2" look="danger" onClick={() => setAsked('delete')}>
            Delete room
          </Button>
        )}
      </div>
      {asked === 'leave' && (
        <Confirm title={`Leave ${name}?`} action="Leave" onConfirm={() => then(room.leave())} onClose={close}>
          You hear nothing more of it. You can join again, where it is public.
        </Confirm>
      )}
      {asked === 'delete' && (
        <Confirm
          title={`Delete ${name}?`}
          action="Delete room"
          onConfirm={() => then(room.deleteRoom())}
          onClose={close}
        >
          The room and all of its messages are gone for everyone, for good.
        </Confirm>
      )}
    </section>
  );
}
