import { useEffect, useState } from 'react';
import type { OutgoingMessage } from '../../client/index.ts';
import { useParley } from '../app/parley-context.ts';
import { useObservable } from '../app/use-observable.ts';
import { classes } from '../ui/classes.ts';
import { Icon } from '../ui/icon.tsx';
import { textOf } from '../ui/text-of.ts';
import css from './message.module.css';
import { useTimeline } from './room-context.ts';

/** A message that is sent sooner than this need not say that it is on its way, ms. */
const PATIENCE_MS = 400;

/** What became of a message that is not in the room yet: on its way, or failed, why, and what can be done. */
export function OutgoingState({ item }: { readonly item: OutgoingMessage }) {
  const { room } = useTimeline();
  const { status } = useObservable(useParley().state);
  const isSlow = useSlow();
  if (item.status === 'pending') {
    if (!isSlow) return null;
    return (
      <div className={css.state}>
        <Icon name="clock" size={13} /> {status === 'online' ? 'Sending …' : 'Waits for a connection'}
      </div>
    );
  }
  return (
    <div className={classes(css.state, css.failed)} role="alert">
      <Icon name="circleAlert" size={14} />
      <span>Not sent. {item.error ? textOf(new Error(item.error.message)) : ''}</span>
      <button type="button" onClick={() => room.retry(item.id)}>
        Send again
      </button>
      <button type="button" onClick={() => room.discard(item.id)}>
        Discard
      </button>
    </div>
  );
}

function useSlow(): boolean {
  const [isSlow, setIsSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setIsSlow(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  return isSlow;
}
