import type { RoomSummary } from '../../client/index.ts';
import { useParley } from '../app/parley-context.ts';
import { writeRoute } from '../app/route.ts';
import { useMaybe } from '../app/use-observable.ts';
import { useRoomName } from '../rooms/room-name.ts';
import { Avatar } from '../ui/avatar.tsx';
import { classes } from '../ui/classes.ts';
import css from './sidebar.module.css';
import { UnreadCounts, withCounts } from './unread.tsx';

/** Of how many direct rooms presence is asked for: each costs a command, and thirty may be sent at once. */
const PRESENCES = 15;

interface Props {
  readonly room: RoomSummary;
  readonly isCurrent: boolean;
  /** How far down the list it stands, from 0. */
  readonly place: number;
}

/** The way to a direct conversation, with whether the other is online. Every message there is for the user: the count is a red one. */
export function DirectLink({ room, isCurrent, place }: Props) {
  const parley = useParley();
  const name = useRoomName(room);
  const presence = useMaybe(place < PRESENCES ? parley.room(room.room).presence : undefined);
  const { unread, notify } = room;
  const other = room.with ?? '';
  const online = presence?.online.some((user) => user === other);
  const isNew = unread > 0 && notify !== 'nothing';
  const label = withCounts(name, { unread, mentions: 0 });
  return (
    <a
      href={writeRoute({ room: room.room })}
      className={classes(css.link, isNew && css.unread)}
      aria-current={isCurrent ? 'page' : undefined}
      aria-label={online ? `${label}, online` : label}
    >
      <Avatar user={other} name={name} size="s" online={online} />
      <span className={css.label}>{name}</span>
      {notify !== 'nothing' && <UnreadCounts unread={unread} mentions={unread} />}
    </a>
  );
}
