import { useEffect, useState } from 'react';
import type { Room } from '../../client/index.ts';
import { useObservable } from '../app/use-observable.ts';
import { beside } from '../app/use-route.ts';
import { useNames } from '../people/names.ts';
import { plainOf } from '../text/plain.ts';
import { Icon } from '../ui/icon.tsx';
import css from './message.module.css';
import { useTimeline } from './room-context.ts';

/** What a reply answers, in a line that leads to the thread. */
export function Reference({ root }: { readonly root: number }) {
  const { room } = useTimeline();
  const nameOf = useNames();
  const message = useRoot(room, root);
  const words = message
    ? `${nameOf(message.user)}: ${message.deleted ? 'deleted message' : plainOf(message.text ?? '')}`
    : 'a message';
  return (
    <button type="button" className={css.reference} onClick={() => beside({ thread: root })}>
      <Icon name="reply" size={14} />
      <span>Reply to {words}</span>
    </button>
  );
}

/** The message that a thread began with: from what is here, else asked for. */
function useRoot(room: Room, root: number) {
  const { items } = useObservable(room.messages);
  const here = items.find((item) => item.status === 'sent' && item.seq === root);
  const [isAsked, setIsAsked] = useState(false);
  useEffect(() => {
    if (!here) setIsAsked(true);
  }, [here]);
  const asked = useAsked(room, root, isAsked);
  return here?.status === 'sent' ? here : asked;
}

/** One message of the room by its number, read once. */
function useAsked(room: Room, root: number, isWanted: boolean) {
  const [message, setMessage] = useState<Awaited<ReturnType<Room['history']>>['messages'][number]>();
  useEffect(() => {
    if (!isWanted) return;
    let isOver = false;
    room.history({ before: root + 1, limit: 1 }).then(
      ({ messages }) => {
        if (!isOver) setMessage(messages.find(({ seq }) => seq === root));
      },
      // It is then "a message": the thread itself says what is wrong.
      () => {},
    );
    return () => {
      isOver = true;
    };
  }, [room, root, isWanted]);
  return message;
}
