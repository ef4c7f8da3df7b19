import { memo } from 'react';
import type { TimelineItem } from '../../client/index.ts';
import { useNames } from '../people/names.ts';
import { bareTime, clockTime, fullTime } from '../time/format.ts';
import { Avatar } from '../ui/avatar.tsx';
import { classes } from '../ui/classes.ts';
import { Icon } from '../ui/icon.tsx';
import { Author } from './author.tsx';
import css from './message.module.css';
import { MessageActions } from './message-actions.tsx';
import { MessageBody } from './message-body.tsx';
import { Reference } from './reference.tsx';
import { useTimeline } from './room-context.ts';
import { useHover } from './use-hover.ts';

interface Props {
  readonly item: TimelineItem;
  /** It begins a group: its author is shown. */
  readonly isFirst: boolean;
  /** It is shown with what it answers. */
  readonly isReply?: boolean;
  /** Somebody just jumped here. */
  readonly isFlashed: boolean;
  /** The Tab key reaches it. */
  readonly isActive: boolean;
}

/** A message, with what can be done about it while the pointer or the focus is on it. */
export const MessageRow = memo(function MessageRow({ item, isFirst, isReply, isFlashed, isActive }: Props) {
  const { me, editing } = useTimeline();
  const nameOf = useNames();
  const { isHovered, setIsHeld, handlers } = useHover();
  const isEditing = item.status === 'sent' && editing === item.seq;
  const mentionsMe =
    item.status === 'sent' &&
    item.user !== me &&
    (item.everyone || item.mentions?.some((user) => user === me));
  return (
    <article
      {...handlers}
      aria-label={`${nameOf(item.user)}, ${clockTime(item.at)}`}
      className={classes(
        css.message,
        isFirst && css.first,
        item.status === 'pending' && css.pending,
        mentionsMe && css.mentionsMe,
        isFlashed && css.lit,
      )}
      data-key={item.key}
      data-message={item.status === 'sent' ? item.seq : undefined}
      data-status={item.status}
      tabIndex={isActive ? 0 : -1}
    >
      {isReply && item.thread !== undefined && <Reference root={item.thread} />}
      <div className={css.side}>
        {isFirst ? <Avatar user={item.user} name={nameOf(item.user)} /> : <Time at={item.at} isBare />}
      </div>
      <div className={css.body}>
        {isFirst && (
          <div className={css.head}>
            <Author user={item.user} />
            <Time at={item.at} />
            {item.status === 'sent' && item.pinned && (
              <span className={css.pinned}>
                <Icon name="pin" size={12} /> Pinned
              </span>
            )}
          </div>
        )}
        <MessageBody item={item} isEditing={isEditing} />
      </div>
      {isHovered && !isEditing && item.status === 'sent' && !item.deleted && (
        <MessageActions item={item} onHeld={setIsHeld} />
      )}
    </article>
  );
});

function Time({ at, isBare }: { readonly at: string; readonly isBare?: boolean }) {
  return (
    <time className={css.time} dateTime={at} title={fullTime(at)}>
      {isBare ? bareTime(at) : clockTime(at)}
    </time>
  );
}
