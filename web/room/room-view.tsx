import { useCallback, useMemo, useRef } from 'react';
import type { Room, RoomSummary } from '../../client/index.ts';
import { useParley } from '../app/parley-context.ts';
import { useObservable } from '../app/use-observable.ts';
import { shown, useRoute } from '../app/use-route.ts';
import { useChat } from '../chat/chat-context.ts';
import { Composer, type ComposerHandle } from '../composer/composer.tsx';
import { Muted, useMutedUntil } from '../composer/muted.tsx';
import { useMentionRequests } from '../composer/use-mention-requests.ts';
import { rightsIn } from '../rooms/rights.ts';
import { useRoomName } from '../rooms/room-name.ts';
import { TimelineContext } from '../timeline/room-context.ts';
import { Timeline, type TimelineHandle } from '../timeline/timeline.tsx';
import { useEditing } from '../timeline/use-editing.ts';
import { Foot } from './foot.tsx';
import { NotAMember } from './not-a-member.tsx';
import css from './room.module.css';
import { RoomHeader } from './room-header.tsx';
import { RoomStart } from './room-start.tsx';
import { useReadAtFirst } from './use-read-at-first.ts';

/** A room: its head, its messages, and where one writes. */
export function RoomView({ id }: { readonly id: string }) {
  const parley = useParley();
  const room = useMemo(() => parley.room(id), [parley, id]);
  const summary = useObservable(room.summary);
  if (!summary) return <NotAMember room={room} />;
  return <Open room={room} summary={summary} />;
}

function Open({ room, summary }: { readonly room: Room; readonly summary: RoomSummary }) {
  const { me } = useChat();
  const { at } = useRoute();
  const stretch = useObservable(room.messages);
  const name = useRoomName(summary);
  const readUpTo = useReadAtFirst(summary);
  const rights = rightsIn(summary);
  const { editing, edit, editLast } = useEditing(room.id, stretch.items);
  const view = useRef<HTMLDivElement>(null);
  const timeline = useRef<TimelineHandle>(null);
  const composer = useRef<ComposerHandle>(null);
  const mutedUntil = useMutedUntil(room);
  useMentionRequests(room.id, composer);
  const { moderates, pins } = rights;
  const surroundings = useMemo(
    () => ({ room, me, moderates, pins, isThread: false, editing, edit }),
    [room, me, moderates, pins, editing, edit],
  );
  const toEnd = useCallback(() => timeline.current?.toEnd(), []);
  return (
    <TimelineContext value={surroundings}>
      <div className={css.view} ref={view}>
        <RoomHeader room={room} summary={summary} name={name} />
        <Timeline
          ref={timeline}
          label={`Messages in ${name}`}
          messages={room}
          stretch={stretch}
          me={me}
          readUpTo={readUpTo}
          unread={summary.unread}
          at={at}
          onShown={shown}
          start={<RoomStart summary={summary} name={name} />}
        />
        {mutedUntil ? (
          <Muted until={mutedUntil} />
        ) : (
          <Composer
            ref={composer}
            room={room}
            to={room}
            place={room.id}
            label={`Message ${summary.kind === 'direct' ? name : `#${name}`}`}
            dropZone={view}
            onSent={toEnd}
            onEditLast={editLast}
          />
        )}
        <Foot room={room} summary={summary} items={stretch.items} />
      </div>
    </TimelineContext>
  );
}
