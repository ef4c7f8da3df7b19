import { useCallback, useEffect } from 'react';
import { useObservable } from '../app/use-observable.ts';
import { useChat } from '../chat/chat-context.ts';

/** What an account that was deleted is called from then on. */
const DELETED = /^deleted-[0-9a-f]{12}$/;

/** Names people by their ids. */
export type NameOf = (user: string) => string;

/** How people are called; ids of those whose names are not known yet. */
export function useNames(): NameOf {
  const { directory } = useChat();
  const names = useObservable(directory.names);
  return useCallback((user) => (DELETED.test(user) ? 'Deleted account' : (names.get(user) ?? user)), [names]);
}

/** How somebody is called; asks for it. */
export function useName(user: string): string {
  const { directory } = useChat();
  const nameOf = useNames();
  useEffect(() => {
    if (user !== '' && !DELETED.test(user)) directory.want(user);
  }, [directory, user]);
  return nameOf(user);
}

/** `Ann`, `Ann and Bob`, `Ann, Bob and 3 others`. */
export function listOf(names: readonly string[], most = 3): string {
  const [first = '', ...others] = names;
  if (others.length === 0) return first;
  if (names.length <= most) return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
  const rest = names.length - most + 1;
  return `${names.slice(0, most - 1).join(', ')} and ${rest} others`;
}
