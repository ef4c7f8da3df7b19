import { beside } from '../app/use-route.ts';
import { PageList } from '../rooms/page-list.tsx';
import { usePages } from '../rooms/use-pages.ts';
import { counted } from '../time/format.ts';
import { Empty } from '../ui/state.tsx';
import { Frame, Scroll } from './frame.tsx';
import { MessageCard } from './message-card.tsx';
import css from './panel.module.css';
import type { PanelProps } from './panel-props.ts';

/** Threads of the room that the user takes part in, last active first. */
export function ThreadsPanel({ room, name, onClose }: PanelProps) {
  const pages = usePages('', (cursor) => room.threads(cursor === undefined ? {} : { cursor }));
  return (
    <Frame title="Threads" about={name} onClose={onClose}>
      <Scroll>
        <PageList
          label="Your threads"
          pages={pages}
          none={
            <Empty icon="messageSquareText" title="No threads yet">
              Reply to a message in a thread, and you find it again here.
            </Empty>
          }
        >
          {({ root, unread }) => (
            <li key={root.seq}>
              <MessageCard
                message={root}
                where={
                  <>
                    {counted(root.replyCount ?? 0, 'reply', 'replies')}{' '}
                    {unread > 0 && <span className={css.badge}>{unread} new</span>}
                  </>
                }
                onOpen={() => beside({ thread: root.seq })}
              />
            </li>
          )}
        </PageList>
      </Scroll>
    </Frame>
  );
}
