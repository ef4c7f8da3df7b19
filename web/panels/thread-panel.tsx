import { useCallback, useMemo, useRef } from 'react';
import type { Message } from '../../client/index.ts';
import { useObservable } from '../app/use-observable.ts';
import { useChat } from '../chat/chat-context.ts';
import { Composer } from '../composer/composer.tsx';
import { Muted, useMutedUntil } from '../composer/muted.tsx';
import { rightsIn } from '../rooms/rights.ts';
import { counted } from '../time/format.ts';
import { MessageRow } from '../timeline/message-row.tsx';
import { TimelineContext } from '../timeline/room-context.ts';
import { Timeline, type TimelineHandle } from '../timeline/timeline.tsx';
import { useEditing } from '../timeline/use-editing.ts';
import { Skeleton } from '../ui/state.tsx';
import { Frame } from './frame.tsx';
import css from './panel.module.css';
import type { PanelProps } from './panel-props.ts';

/** A message, the replies to it, and where one replies. */
export function ThreadPanel({ room, summary, name, root, onClose }: PanelProps & { readonly root: number }) {
  const { me } = useChat();
  const thread = useMemo(() => room.thread(root), [room, root]);
  const stretch = useObservable(thread.messages);
  const message = useObservable(thread.rootMessage);
  const unread = useObservable(thread.unread);
  const mutedUntil = useMutedUntil(room);
  const { moderates, pins } = rightsIn(summary);
  const { editing, edit, editLast } = useEditing(room.id, stretch.items);
  const timeline = useRef<TimelineHandle>(null);
  const zone = useRef<HTMLDivElement>(null);
  const surroundings = useMemo(
    () => ({ room, me, moderates, pins, isThread: true, editing, edit }),
    [room, me, moderates, pins, editing, edit],
  );
  const toEnd = useCallback(() => timeline.current?.toEnd(), []);
  const replies = message?.replyCount ?? 0;
  return (
    <Frame
      title="Thread"
      about={replies > 0 ? `${name} · ${counted(replies, 'reply', 'replies')}` : name}
      onClose={onClose}
    >
      <TimelineContext value={surroundings}>
        <div className={css.thread} ref={zone}>
          <Timeline
            ref={timeline}
            label="Replies"
            messages={thread}
            stretch={stretch}
            me={me}
            isThread
            unread={unread}
            start={<Root message={message} />}
          />
          {mutedUntil ? (
            <Muted until={mutedUntil} />
          ) : (
            <Composer
              room={room}
              to={thread}
              place={`${room.id}/thread/${root}`}
              label="Reply"
              dropZone={zone}
              onSent={toEnd}
              onEditLast={editLast}
            />
          )}
          <div className={css.threadFoot} />
        </div>
      </TimelineContext>
    </Frame>
  );
}

function Root({ message }: { readonly message: Message | undefined }) {
  if (!message) return <Skeleton label="Loading the message" lines={1} />;
  return (
    <div className={css.root}>
      <MessageRow
        item={{ ...message, status: 'sent', key: `root ${message.seq}` }}
        isFirst
        isFlashed={false}
        isActive={false}
      />
    </div>
  );
}
