import { useEffect } from 'react';
import { go } from '../app/use-route.ts';
import { PageList } from '../rooms/page-list.tsx';
import { rightsIn } from '../rooms/rights.ts';
import { usePages } from '../rooms/use-pages.ts';
import { Empty } from '../ui/state.tsx';
import { Frame, Scroll } from './frame.tsx';
import { MessageCard } from './message-card.tsx';
import type { PanelProps } from './panel-props.ts';

/** Messages that were pinned, the newest first; anew when one more is, or one fewer. */
export function PinsPanel({ room, summary, name, onClose }: PanelProps) {
  const pages = usePages('', (cursor) => room.pins(cursor === undefined ? {} : { cursor }));
  const { reload } = pages;
  useEffect(() => {
    const stops = [room.on('message.pinned', reload), room.on('message.unpinned', reload)];
    return () => {
      for (const stop of stops) stop();
    };
  }, [room, reload]);
  return (
    <Frame title="Pinned messages" about={name} onClose={onClose}>
      <Scroll>
        <PageList
          label="Pinned messages"
          pages={pages}
          none={
            <Empty icon="pin" title="Nothing is pinned">
              {rightsIn(summary).pins
                ? 'Pin what people should find again: in the menu of a message.'
                : 'Admins of this room pin what people should find again.'}
            </Empty>
          }
        >
          {(message) => (
            <li key={message.seq}>
              <MessageCard
                message={message}
                onOpen={() => go({ room: room.id, at: message.seq, panel: 'pins' })}
              />
            </li>
          )}
        </PageList>
      </Scroll>
    </Frame>
  );
}
