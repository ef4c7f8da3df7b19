import { useRef, useState } from 'react';
import type { Room } from '../../client/index.ts';
import { Menu } from '../ui/menu.tsx';
import { useName } from './names.ts';
import { type PersonDialogName, PersonDialogs } from './person-dialogs.tsx';
import { usePersonMenu } from './use-person-menu.ts';

interface Props {
  readonly user: string;
  readonly room: Room;
  readonly className?: string | undefined;
}

/** Somebody's name, which opens what can be done about them. */
export function PersonButton({ user, room, className }: Props) {
  const name = useName(user);
  const [isOpen, setIsOpen] = useState(false);
  const [dialog, setDialog] = useState<PersonDialogName>();
  const button = useRef<HTMLButtonElement>(null);
  return (
    <>
      <button
        ref={button}
        type="button"
        className={className}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        title={`@${user}`}
        onClick={() => setIsOpen(!isOpen)}
      >
        {name}
      </button>
      {isOpen && (
        <OpenMenu
          user={user}
          room={room}
          name={name}
          anchor={button}
          onDialog={setDialog}
          onClose={() => setIsOpen(false)}
        />
      )}
      {dialog && <PersonDialogs open={dialog} user={user} room={room} onClose={() => setDialog(undefined)} />}
    </>
  );
}

interface OpenMenuProps extends Omit<Props, 'className'> {
  readonly name: string;
  readonly anchor: React.RefObject<HTMLElement | null>;
  readonly onDialog: (name: PersonDialogName) => void;
  readonly onClose: () => void;
}

function OpenMenu({ user, room, name, anchor, onDialog, onClose }: OpenMenuProps) {
  const groups = usePersonMenu(user, room, onDialog);
  return <Menu label={name} groups={groups} anchor={anchor} onClose={onClose} />;
}
