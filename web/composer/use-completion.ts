import { type KeyboardEvent, type RefObject, useCallback, useEffect, useMemo, useState } from 'react';
import type { Room } from '../../client/index.ts';
import { useMaybe } from '../app/use-observable.ts';
import { useChat } from '../chat/chat-context.ts';
import { useNames } from '../people/names.ts';
import { type Candidate, type Completing, candidatesFor, complete, completingAt } from './completion.ts';
import { useEmojiNamed } from './use-emoji-named.ts';

/** What can be chosen in place of what is typed. */
export interface Option {
  /** What is written. */
  readonly text: string;
  readonly label: string;
  readonly detail?: string;
  /** Whose face is shown beside; an emoji where it is none. */
  readonly user?: string;
  readonly emoji?: string;
}

/** Mentions and emoji to choose from while one types. */
export function useCompletion(
  room: Room,
  text: string,
  area: RefObject<HTMLTextAreaElement | null>,
  set: (text: string) => void,
) {
  const [at, setAt] = useState<Completing>();
  const [index, setIndex] = useState(0);
  const people = usePeople(room, at?.kind === 'mention');
  const emoji = useEmojiNamed(at?.kind === 'emoji' ? at.query : undefined);
  const options = useMemo((): readonly Option[] => {
    if (at?.kind === 'mention') return candidatesFor(at.query, people).map(mentionOption);
    return at ? emoji.map(({ emoji: sign, name }) => ({ text: sign, label: name, emoji: sign })) : [];
  }, [at, people, emoji]);
  const isOpen = at !== undefined && options.length > 0;

  const look = useCallback(() => {
    const element = area.current;
    if (!element) return;
    const isCaret = element.selectionStart === element.selectionEnd;
    const found = isCaret ? completingAt(element.value, element.selectionStart) : undefined;
    setAt((before) => (before?.start === found?.start && before?.query === found?.query ? before : found));
  }, [area]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: other options begin at the first.
  useEffect(() => setIndex(0), [at?.query, at?.start]);

  const close = useCallback(() => setAt(undefined), []);
  const choose = (option: Option) => {
    if (!at) return;
    const result = complete(text, at, option.text);
    set(result.text);
    setAt(undefined);
    requestAnimationFrame(() => {
      area.current?.focus();
      area.current?.setSelectionRange(result.caret, result.caret);
    });
  };
  const onKeyDown = (event: KeyboardEvent): boolean => {
    if (!isOpen) return false;
    const step = { ArrowDown: 1, ArrowUp: options.length - 1 }[event.key];
    const chosen = options[index];
    // What is written in full is what is meant: Enter sends it.
    if (event.key === 'Enter' && chosen?.text === `@${at.query}`) return false;
    if (step !== undefined) setIndex((index + step) % options.length);
    else if ((event.key === 'Enter' || event.key === 'Tab') && chosen) choose(chosen);
    else if (event.key === 'Escape') close();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  };
  return { isOpen, options, index, choose, look, close, onKeyDown };
}

export type Completion = ReturnType<typeof useCompletion>;

function mentionOption({ user, name }: Candidate): Option {
  return { text: `@${user}`, label: name, detail: `@${user}`, user };
}

/** Members by id and name; and the room itself, for who may call it. */
function usePeople(room: Room, isWanted: boolean): readonly Candidate[] {
  const { me } = useChat();
  const nameOf = useNames();
  const summary = useMaybe(room.summary);
  const members = useMaybe(isWanted ? room.members : undefined);
  return useMemo(() => {
    const others = (members ?? []).filter(({ user }) => user !== me);
    const everyone = summary && summary.kind !== 'direct' && summary.role !== 'member';
    return [
      ...others.map(({ user }) => ({ user: user as string, name: nameOf(user) })),
      ...(everyone ? [{ user: 'room', name: 'Everyone in this room' }] : []),
    ];
  }, [members, me, nameOf, summary]);
}
