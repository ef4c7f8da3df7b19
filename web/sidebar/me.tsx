import { lazy, Suspense, useState } from 'react';
import type { ConnectionState } from '../../client/index.ts';
import { useParley } from '../app/parley-context.ts';
import { useObservable } from '../app/use-observable.ts';
import { useChat } from '../chat/chat-context.ts';
import { useName } from '../people/names.ts';
import { Avatar } from '../ui/avatar.tsx';
import { IconButton } from '../ui/button.tsx';
import css from './sidebar.module.css';

const Profile = lazy(async () => ({ default: (await import('../profile/profile.tsx')).Profile }));

const WORDS: Readonly<Record<ConnectionState['status'], string>> = {
  connecting: 'Connecting …',
  'catching-up': 'Catching up …',
  online: 'Online',
  offline: 'Offline',
  closed: 'Not connected',
};

/** Who is logged in, how the connection is, and the way to the profile. */
export function Me() {
  const { me } = useChat();
  const name = useName(me);
  const { status } = useObservable(useParley().state);
  const [isOpen, setIsOpen] = useState(false);
  return (
    <div className={css.foot}>
      <button type="button" className={css.me} onClick={() => setIsOpen(true)}>
        <span className="visually-hidden">Your profile: </span>
        <Avatar user={me} name={name} online={status === 'online'} />
        <span className={css.words}>
          <span className={css.meName}>{name}</span>
          <span className={css.meState}>{WORDS[status]}</span>
        </span>
      </button>
      <IconButton icon="settings" label="Settings" onClick={() => setIsOpen(true)} />
      <Suspense>{isOpen && <Profile onClose={() => setIsOpen(false)} />}</Suspense>
    </div>
  );
}
