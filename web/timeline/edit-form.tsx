import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import type { SentMessage } from '../../client/index.ts';
import { growing } from '../composer/growing.ts';
import { lengthProblem } from '../composer/length.ts';
import { useDraft } from '../composer/use-draft.ts';
import { Button } from '../ui/button.tsx';
import { ErrorText } from '../ui/state.tsx';
import { textOf } from '../ui/text-of.ts';
import css from './message.module.css';
import { useTimeline } from './room-context.ts';

/** A message's text, to be changed where it stands. What is typed is kept like a draft until it is saved or given up. */
export function EditForm({ item }: { readonly item: SentMessage }) {
  const { room, edit } = useTimeline();
  const draft = useDraft(`${room.id}/edit/${item.seq}`, item.text ?? '');
  const [state, setState] = useState<{ readonly busy?: boolean; readonly error?: string }>({});
  const area = useRef<HTMLTextAreaElement>(null);
  const problem = draft.text.trim() === '' ? 'A message can’t be empty.' : lengthProblem(draft.text);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the text is what it grows with.
  useEffect(() => growing(area.current), [draft.text]);
  useEffect(() => {
    const element = area.current;
    element?.focus();
    element?.setSelectionRange(element.value.length, element.value.length);
  }, []);

  const close = () => {
    draft.clear();
    edit(undefined);
    requestAnimationFrame(() => document.querySelector<HTMLElement>(`[data-key="${item.key}"]`)?.focus());
  };
  const save = async () => {
    if (problem || state.busy) return;
    if (draft.text === item.text) return close();
    setState({ busy: true });
    try {
      await room.edit(item.seq, draft.text);
      close();
    } catch (error) {
      setState({ error: textOf(error) });
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      event.stopPropagation();
      close();
    } else if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault();
      void save();
    }
  };
  return (
    <div className={css.edit}>
      <textarea
        ref={area}
        aria-label="Edit message"
        className={css.editText}
        rows={1}
        value={draft.text}
        onChange={(event) => draft.set(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <ErrorText>{state.error ?? (problem || undefined)}</ErrorText>
      <div className={css.editButtons}>
        <Button look="primary" busy={state.busy} disabled={problem !== undefined} onClick={save}>
          Save
        </Button>
        <Button onClick={close}>Cancel</Button>
        <span className={css.keys}>Enter saves, Escape cancels.</span>
      </div>
    </div>
  );
}
