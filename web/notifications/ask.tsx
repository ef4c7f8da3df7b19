import { useEffect, useState } from 'react';
import { useParley } from '../app/parley-context.ts';
import { useChat } from '../chat/chat-context.ts';
import { Button } from '../ui/button.tsx';
import css from './notifications.module.css';
import { askPermission, dismiss, isDismissed, permission } from './permission.ts';

/** Offers notifications once somebody has said something here: who only looks around is left in peace. */
export function AskForNotifications() {
  const hasSpoken = useHasSpoken();
  const [isOver, setIsOver] = useState(isDismissed);
  if (!hasSpoken || isOver || permission() !== 'default') return null;
  const end = () => {
    dismiss();
    setIsOver(true);
  };
  return (
    <section className={css.ask} aria-label="Notifications">
      <p>Be told when somebody mentions you or writes to you?</p>
      <div className={css.buttons}>
        <Button look="primary" onClick={() => askPermission().finally(end)}>
          Turn on
        </Button>
        <Button look="quiet" onClick={end}>
          Not now
        </Button>
      </div>
    </section>
  );
}

function useHasSpoken(): boolean {
  const parley = useParley();
  const { me } = useChat();
  const [hasSpoken, setHasSpoken] = useState(false);
  useEffect(
    () =>
      parley.on('event', ({ event }) => {
        if (event.type === 'message.created' && 'user' in event && event.user === me) setHasSpoken(true);
      }),
    [parley, me],
  );
  return hasSpoken;
}
