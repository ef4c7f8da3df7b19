import type { ReactNode } from 'react';
import type { Message } from '../../client/index.ts';
import { useName } from '../people/names.ts';
import { fullTime, shortTime } from '../time/format.ts';
import { useNow } from '../time/use-now.ts';
import { Avatar } from '../ui/avatar.tsx';
import css from './panel.module.css';

interface Props {
  readonly message: Message;
  /** Where it is, or what else there is to say. */
  readonly where?: ReactNode;
  /** Its text, where it is shown otherwise than as it is. */
  readonly text?: ReactNode;
  readonly onOpen: () => void;
}

/** A message in a list of some, which leads to it. */
export function MessageCard({ message, where, text, onOpen }: Props) {
  const name = useName(message.user);
  const now = useNow();
  return (
    <button type="button" className={css.card} onClick={onOpen}>
      <span className={css.cardHead}>
        <Avatar user={message.user} name={name} size="s" />
        <span className={css.cardName}>{name}</span>
        <time className={css.cardTime} dateTime={message.at} title={fullTime(message.at)}>
          {shortTime(message.at, now)}
        </time>
      </span>
      <span className={css.cardText}>
        {text ?? (message.deleted ? 'This message was deleted.' : message.text)}
      </span>
      {where && <span className={css.where}>{where}</span>}
    </button>
  );
}
