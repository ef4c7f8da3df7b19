import { useState } from 'react';
import type { SentMessage } from '../../client/index.ts';
import { beside } from '../app/use-route.ts';
import { EmojiButton } from '../emoji/emoji-button.tsx';
import { IconButton } from '../ui/button.tsx';
import { MenuButton } from '../ui/menu.tsx';
import { attempt } from '../ui/toasts.tsx';
import css from './message.module.css';
import { type MessageDialogName, MessageDialogs } from './message-dialogs.tsx';
import { menuOf } from './message-menu.ts';
import { useTimeline } from './room-context.ts';

/** The reaction that is a press away. */
const QUICK = ['👍', '❤️'] as const;

interface Props {
  readonly item: SentMessage;
  /** Told when something is open that the pointer leaves the message for. */
  readonly onHeld: (held: boolean) => void;
}

/** What can be done about a message. */
export function MessageActions({ item, onHeld }: Props) {
  const timeline = useTimeline();
  const { room, isThread } = timeline;
  const [dialog, setDialog] = useState<MessageDialogName>();
  const open = (name: MessageDialogName | undefined) => {
    setDialog(name);
    onHeld(name !== undefined);
  };
  const react = (emoji: string) =>
    attempt(() =>
      item.reactions[emoji]?.mine ? room.unreact(item.seq, emoji) : room.react(item.seq, emoji),
    );
  return (
    <>
      <div className={css.actionsPlace}>
        <div className={css.actions} role="toolbar" aria-label="Message actions">
          {QUICK.map((emoji) => (
            <button
              key={emoji}
              type="button"
              className={css.quick}
              aria-label={`React with ${emoji}`}
              title={`React with ${emoji}`}
              onClick={() => react(emoji)}
            >
              {emoji}
            </button>
          ))}
          <EmojiButton icon="smilePlus" label="Add a reaction" onPick={react} onOpenChange={onHeld} />
          {!isThread && (
            <IconButton
              icon="messageSquareText"
              label="Reply in thread"
              onClick={() => beside({ thread: item.thread ?? item.seq })}
            />
          )}
          <MenuButton
            icon="ellipsis"
            label="More actions"
            groups={menuOf(item, timeline, open)}
            onOpenChange={onHeld}
          />
        </div>
      </div>
      {dialog && <MessageDialogs open={dialog} item={item} onClose={() => open(undefined)} />}
    </>
  );
}
