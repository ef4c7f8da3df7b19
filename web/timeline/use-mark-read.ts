import { useEffect, useSyncExternalStore } from 'react';
import type { Messages, TimelineItem } from '../../client/index.ts';

/** Marks what is here as read while its end is in sight and somebody looks at the window. */
export function useMarkRead(messages: Messages, items: readonly TimelineItem[], isAtEnd: boolean): void {
  const isLookedAt = useSyncExternalStore(subscribe, looksHere);
  const newest = items.findLast((item) => item.status === 'sent');
  const seq = newest?.status === 'sent' ? newest.seq : undefined;
  useEffect(() => {
    if (!isLookedAt || !isAtEnd || seq === undefined) return;
    // It is said again with the next message where it failed.
    messages.markRead(seq).catch(() => {});
  }, [messages, seq, isAtEnd, isLookedAt]);
}

/** Whether the window is seen and has the focus. */
export function looksHere(): boolean {
  return document.visibilityState === 'visible' && document.hasFocus();
}

function subscribe(listener: () => void): () => void {
  const names = ['focus', 'blur', 'visibilitychange'] as const;
  for (const name of names)
    (name === 'visibilitychange' ? document : window).addEventListener(name, listener);
  return () => {
    for (const name of names)
      (name === 'visibilitychange' ? document : window).removeEventListener(name, listener);
  };
}
