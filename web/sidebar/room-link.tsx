import type { RoomSummary } from '../../client/index.ts';
import { writeRoute } from '../app/route.ts';
import { classes } from '../ui/classes.ts';
import { Icon } from '../ui/icon.tsx';
import css from './sidebar.module.css';
import { UnreadCounts, withCounts } from './unread.tsx';

interface Props {
  readonly room: RoomSummary;
  readonly isCurrent: boolean;
}

/** The way to a room, with what is new there. */
export function RoomLink({ room, isCurrent }: Props) {
  const { name, kind, notify, unread, mentions } = room;
  const isQuiet = notify === 'nothing' && mentions === 0;
  const isNew = unread > 0 && !isQuiet;
  return (
    <a
      href={writeRoute({ room: room.room })}
      className={classes(css.link, isNew && css.unread)}
      aria-current={isCurrent ? 'page' : undefined}
      aria-label={withCounts(name, room)}
    >
      <span className={css.sign}>
        <Icon name={kind === 'private' ? 'lock' : 'hash'} size={17} />
        {isNew && <span className={css.dot} data-unread-dot="" />}
      </span>
      <span className={css.label}>{name}</span>
      {!isQuiet && <UnreadCounts unread={unread} mentions={mentions} />}
    </a>
  );
}
