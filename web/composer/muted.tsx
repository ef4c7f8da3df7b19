import { useEffect, useState } from 'react';
import type { Room } from '../../client/index.ts';
import { useObservable } from '../app/use-observable.ts';
import { useChat } from '../chat/chat-context.ts';
import { serviceNow } from '../time/clock.ts';
import { clockTime, shortTime } from '../time/format.ts';
import { useNow } from '../time/use-now.ts';
import { Icon } from '../ui/icon.tsx';
import css from './composer.module.css';

/** Longest that a browser's timer counts, ms. */
const LONGEST_MS = 2 ** 31 - 1;

/** Until when one may not write in a room; undefined where one may. What was written is kept meanwhile. */
export function useMutedUntil(room: Room): string | undefined {
  const { me } = useChat();
  const members = useObservable(room.members);
  const until = members.find(({ user }) => user === me)?.mutedUntil;
  const [, look] = useState(0);
  const left = until === undefined ? 0 : Date.parse(until) - serviceNow().getTime();
  useEffect(() => {
    if (left <= 0) return;
    const timer = setTimeout(() => look((count) => count + 1), Math.min(left, LONGEST_MS));
    return () => clearTimeout(timer);
  }, [left]);
  return left > 0 ? until : undefined;
}

/** In place of the field to write in. */
export function Muted({ until }: { readonly until: string }) {
  const now = useNow();
  const day = shortTime(until, now);
  const time = clockTime(until);
  return (
    <div className={css.composer}>
      <p className={css.notice} role="status">
        <Icon name="volumeX" size={16} />
        You are muted in this room until {day === time ? time : `${day}, ${time}`}. You can read meanwhile.
      </p>
    </div>
  );
}
