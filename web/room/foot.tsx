import type { Room, RoomSummary, TimelineItem } from '../../client/index.ts';
import { useObservable } from '../app/use-observable.ts';
import { useChat } from '../chat/chat-context.ts';
import { listOf, useNames } from '../people/names.ts';
import { counted } from '../time/format.ts';
import { Avatar } from '../ui/avatar.tsx';
import { readersOf } from './readers.ts';
import css from './room.module.css';

interface Props {
  readonly room: Room;
  readonly summary: RoomSummary;
  readonly items: readonly TimelineItem[];
}

/** Who is writing, and who has read the newest message. */
export function Foot({ room, summary, items }: Props) {
  return (
    <div className={css.foot}>
      <Typing room={room} summary={summary} />
      <Readers room={room} items={items} />
    </div>
  );
}

function Typing({ room, summary }: Omit<Props, 'items'>) {
  const typists = useObservable(room.typists);
  const nameOf = useNames();
  const slow = summary.slowModeSeconds;
  return (
    <div className={css.typing} aria-live="polite">
      {typists.length > 0 ? (
        <>
          <span className={css.dots} aria-hidden="true">
            <span />
            <span />
            <span />
          </span>
          {listOf(typists.map(nameOf))} {typists.length === 1 ? 'is' : 'are'} typing …
        </>
      ) : (
        slow > 0 && summary.role === 'member' && `Slow mode: one message every ${counted(slow, 'second')}.`
      )}
    </div>
  );
}

/** Faces shown beside each other. */
const FACES = 5;

function Readers({ room, items }: Omit<Props, 'summary'>) {
  const { me } = useChat();
  const marks = useObservable(room.reads);
  const nameOf = useNames();
  const readers = readersOf(items, marks, me);
  if (readers.length === 0) return null;
  const label = `Read by ${listOf(readers.map(nameOf), 10)}`;
  return (
    <div className={css.readers} title={label}>
      <span className="visually-hidden">{label}</span>
      <span aria-hidden="true">Read by</span>
      <span className={css.faces}>
        {readers.slice(0, FACES).map((user) => (
          <Avatar key={user} user={user} name={nameOf(user)} size="xs" />
        ))}
      </span>
      {readers.length > FACES && <span aria-hidden="true">+{readers.length - FACES}</span>}
    </div>
  );
}
