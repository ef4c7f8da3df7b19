import { useCallback, useState } from 'react';
import type { Attachment } from '../../client/index.ts';
import { useChat } from '../chat/chat-context.ts';
import { type Draft, keyOf, readDraft, writeDraft } from './drafts.ts';

/**
 * What is being written in one place, kept with each key that is pressed.
 *
 * @param initial what stands there before anything was written.
 */
export function useDraft(place: string, initial = '') {
  const key = keyOf(useChat().me, place);
  const [draft, setDraft] = useState<Draft>(() => readDraft(key) ?? { text: initial, attachments: [] });
  const update = useCallback(
    (change: Partial<Draft>) =>
      setDraft((before) => {
        const next = { ...before, ...change };
        writeDraft(key, next);
        return next;
      }),
    [key],
  );
  return {
    ...draft,
    set: useCallback((text: string) => update({ text }), [update]),
    setAttachments: useCallback(
      (change: (before: readonly Attachment[]) => readonly Attachment[]) =>
        setDraft((before) => {
          const next = { ...before, attachments: change(before.attachments) };
          writeDraft(key, next);
          return next;
        }),
      [key],
    ),
    clear: useCallback(() => update({ text: '', attachments: [] }), [update]),
  };
}
