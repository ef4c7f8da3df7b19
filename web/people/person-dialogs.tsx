import type { Room } from '../../client/index.ts';
import { useParley } from '../app/parley-context.ts';
import { Button } from '../ui/button.tsx';
import { Confirm } from '../ui/confirm.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { attempt, say } from '../ui/toasts.tsx';
import { useName } from './names.ts';
import css from './person.module.css';

export type PersonDialogName = 'mute' | 'remove' | 'ban' | 'block';

interface Props {
  readonly user: string;
  readonly room: Room;
  readonly onClose: () => void;
}

/** What is asked before something is done about somebody. */
export function PersonDialogs({ open, user, room, onClose }: Props & { readonly open: PersonDialogName }) {
  const parley = useParley();
  const name = useName(user);
  switch (open) {
    case 'mute':
      return <Mute user={user} room={room} onClose={onClose} />;
    case 'remove':
      return (
        <Confirm
          title={`Remove ${name}?`}
          action="Remove"
          onConfirm={() => room.remove(user)}
          onClose={onClose}
        >
          They leave this room, and can come back: with an invitation, where it is private.
        </Confirm>
      );
    case 'ban':
      return (
        <Confirm title={`Ban ${name}?`} action="Ban" onConfirm={() => room.ban(user)} onClose={onClose}>
          They leave this room and can’t come back until the ban is lifted in the room’s settings.
        </Confirm>
      );
    case 'block':
      return (
        <Confirm
          title={`Block ${name}?`}
          action="Block"
          onConfirm={async () => {
            await parley.block(user);
            say(`${name} is blocked. Your profile lists whom you have blocked.`);
          }}
          onClose={onClose}
        >
          They can’t write to you directly, and you are not notified of what they say. They aren’t told.
        </Confirm>
      );
  }
}

const HOUR_MS = 3_600_000;
const LENGTHS = [
  { label: '10 minutes', ms: HOUR_MS / 6 },
  { label: '1 hour', ms: HOUR_MS },
  { label: '1 day', ms: 24 * HOUR_MS },
  { label: '1 week', ms: 7 * 24 * HOUR_MS },
] as const;

function Mute({ user, room, onClose }: Props) {
  const name = useName(user);
  const mute = (ms: number, label: string) =>
    attempt(async () => {
      await room.mute(user, new Date(Date.now() + ms));
      say(`${name} is muted for ${label}.`);
      onClose();
    });
  return (
    <Dialog title={`Mute ${name}`} onClose={onClose}>
      <p>They can read, and write again when the time is over.</p>
      <div className={css.choices}>
        {LENGTHS.map(({ label, ms }) => (
          <Button key={label} onClick={() => mute(ms, label)}>
            {label}
          </Button>
        ))}
      </div>
    </Dialog>
  );
}
