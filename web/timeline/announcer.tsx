import { useEffect, useRef, useState } from 'react';
import type { TimelineItem } from '../../client/index.ts';
import { useNames } from '../people/names.ts';

interface Props {
  readonly items: readonly TimelineItem[];
  /** Whether what is appended has just happened. */
  readonly isLive: boolean;
  readonly me: string;
}

/** Reads aloud what others say as it comes. Not the list itself: its rows come and go as it is scrolled. */
export function Announcer({ items, isLive, me }: Props) {
  const nameOf = useNames();
  const [text, setText] = useState('');
  const heard = useRef<number>(undefined);
  useEffect(() => {
    const sent = items.filter((item) => item.status === 'sent');
    const last = sent.at(-1);
    const before = heard.current;
    if (last) heard.current = Math.max(last.seq, before ?? 0);
    if (!isLive || before === undefined || !last) return;
    const news = sent.filter((item) => item.seq > before && item.user !== me && item.text);
    if (news.length > 0) setText(news.map((item) => `${nameOf(item.user)}: ${item.text}`).join('\n'));
  }, [items, isLive, me, nameOf]);
  return (
    <div className="visually-hidden" aria-live="polite">
      {text}
    </div>
  );
}
