import { useCallback, useEffect, useRef, useState } from 'react';
import type { TimelineItem } from '../../client/index.ts';
import { useChat } from '../chat/chat-context.ts';
import { placesOf } from '../composer/drafts.ts';

/** Which message of a room is being edited: one at a time, and after a reload the one whose new text was kept. */
export function useEditing(room: string, items: readonly TimelineItem[]) {
  const { me } = useChat();
  const [editing, setEditing] = useState<number | undefined>(() => {
    const [place] = placesOf(me, `${room}/edit/`);
    return place === undefined ? undefined : Number(place.slice(place.lastIndexOf('/') + 1));
  });
  const all = useRef(items);
  useEffect(() => {
    all.current = items;
  }, [items]);
  const editLast = useCallback(() => {
    const last = all.current.findLast((item) => item.status === 'sent' && item.user === me && !item.deleted);
    if (last?.status === 'sent') setEditing(last.seq);
  }, [me]);
  return { editing, edit: setEditing, editLast };
}
