import {
  type ClipboardEvent,
  type KeyboardEvent,
  type Ref,
  useEffect,
  useId,
  useImperativeHandle,
  useRef,
  useState,
} from 'react';
import type { Messages, Room } from '../../client/index.ts';
import { EmojiButton } from '../emoji/emoji-button.tsx';
import { namesOf } from '../files/file-names.ts';
import { UploadList } from '../files/upload-list.tsx';
import { useUploads } from '../files/use-uploads.ts';
import { IconButton } from '../ui/button.tsx';
import { classes } from '../ui/classes.ts';
import { Icon } from '../ui/icon.tsx';
import { textOf } from '../ui/text-of.ts';
import { CompletionList } from './completion-list.tsx';
import css from './composer.module.css';
import { growing } from './growing.ts';
import { charactersLeft, lengthProblem } from './length.ts';
import { useCompletion } from './use-completion.ts';
import { useDraft } from './use-draft.ts';
import { useDropped } from './use-dropped.ts';

/** Where Enter makes a new line and the button sends: keyboards of glass have no Shift to hold. */
const IS_TOUCH = matchMedia('(hover: none)').matches;

export interface ComposerProps {
  readonly room: Room;
  /** Where it is sent: the room, or a thread of it. */
  readonly to: Messages;
  /** Names the place of the draft. */
  readonly place: string;
  readonly label: string;
  readonly onSent: () => void;
  /** The arrow up in an empty field: the last message of one's own is to be edited. */
  readonly onEditLast?: () => void;
  /** Where files are dropped; the whole of the room. */
  readonly dropZone: React.RefObject<HTMLElement | null>;
  readonly ref?: Ref<ComposerHandle>;
}

export interface ComposerHandle {
  /** Appends to what is written, and puts the caret there. */
  write(text: string): void;
}

/** Where messages are written. */
export function Composer({ room, to, place, label, onSent, onEditLast, dropZone, ref }: ComposerProps) {
  const draft = useDraft(place);
  const uploads = useUploads(room, draft.attachments, draft.setAttachments);
  const [problem, setProblem] = useState<string>();
  const area = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const listId = useId();
  const completion = useCompletion(room, draft.text, area, draft.set);
  const isOver = useDropped(dropZone, uploads.add);
  const left = charactersLeft(draft.text);
  const isEmpty = draft.text.trim() === '' && draft.attachments.length === 0;
  const canSend = !isEmpty && !uploads.isBusy && lengthProblem(draft.text) === undefined;

  // biome-ignore lint/correctness/useExhaustiveDependencies: the text is what it grows with.
  useEffect(() => growing(area.current), [draft.text]);

  const send = () => {
    if (!canSend) return;
    const { attachments } = draft;
    try {
      // A message has a text: of files alone it is their names. Keyboards of glass leave a line at its end.
      to.send(draft.text.trim() === '' ? namesOf(attachments) : draft.text.trimEnd(), {
        ...(attachments.length > 0 && { attachments }),
      });
    } catch (error) {
      setProblem(textOf(error));
      return;
    }
    setProblem(undefined);
    draft.clear();
    room.typing(false);
    onSent();
    area.current?.focus();
  };
  const type = (text: string) => {
    draft.set(text);
    completion.look();
    room.typing(text !== '');
  };
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.nativeEvent.isComposing || completion.onKeyDown(event)) return;
    if (event.key === 'Enter' && !event.shiftKey && !IS_TOUCH) {
      event.preventDefault();
      send();
    } else if (event.key === 'ArrowUp' && draft.text === '') {
      event.preventDefault();
      onEditLast?.();
    }
  };
  const onPaste = (event: ClipboardEvent) => {
    const files = [...event.clipboardData.files];
    if (files.length === 0) return;
    event.preventDefault();
    uploads.add(files);
  };
  const insert = (emoji: string) => {
    const at = area.current?.selectionStart ?? draft.text.length;
    const end = area.current?.selectionEnd ?? at;
    draft.set(draft.text.slice(0, at) + emoji + draft.text.slice(end));
    requestAnimationFrame(() => {
      area.current?.focus();
      area.current?.setSelectionRange(at + emoji.length, at + emoji.length);
    });
  };

  useImperativeHandle(ref, () => ({
    write: (text) => {
      draft.set(draft.text === '' || /\s$/.test(draft.text) ? draft.text + text : `${draft.text} ${text}`);
      requestAnimationFrame(() => area.current?.focus());
    },
  }));

  return (
    <div className={css.composer}>
      <CompletionList id={listId} completion={completion} />
      <form
        className={classes(css.box, isOver && css.over)}
        aria-label={label}
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <UploadList uploads={uploads} />
        <textarea
          ref={area}
          className={css.area}
          rows={1}
          aria-label={label}
          placeholder={isOver ? 'Drop files to attach them' : label}
          value={draft.text}
          enterKeyHint={IS_TOUCH ? 'enter' : 'send'}
          onChange={(event) => type(event.target.value)}
          onKeyDown={onKeyDown}
          onSelect={completion.look}
          onBlur={completion.close}
          onPaste={onPaste}
          aria-autocomplete="list"
          aria-controls={completion.isOpen ? listId : undefined}
          aria-activedescendant={completion.isOpen ? `${listId}-${completion.index}` : undefined}
        />
        <div className={css.bar}>
          <input
            ref={picker}
            type="file"
            multiple
            hidden
            aria-label="Files to attach"
            onChange={(event) => {
              uploads.add([...(event.target.files ?? [])]);
              event.target.value = '';
            }}
          />
          <IconButton icon="paperclip" label="Attach files" onClick={() => picker.current?.click()} />
          <EmojiButton icon="smile" label="Insert an emoji" onPick={insert} />
          <span className={css.grow} />
          {uploads.isBusy ? (
            <span className={css.left} role="status">
              {uploads.hasFailed ? 'A file could not be sent' : 'Files are on their way …'}
            </span>
          ) : left === undefined ? (
            draft.text !== '' && <span className={css.hint}>Shift + Enter for a new line</span>
          ) : (
            <span className={classes(css.left, left < 0 && css.tooLong)} role="status">
              {left < 0 ? lengthProblem(draft.text) : `${left} left`}
            </span>
          )}
          <button
            type="submit"
            className={css.send}
            disabled={!canSend}
            aria-label="Send message"
            title="Send message"
          >
            <Icon name="sendHorizontal" size={18} />
          </button>
        </div>
      </form>
      {problem && (
        <p className={css.problem} role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}
