import { type ReactNode, type Ref, useCallback, useImperativeHandle, useMemo, useRef } from 'react';
import { Virtualizer, type VirtualizerHandle } from 'virtua';
import type { Messages, Timeline as Stretch } from '../../client/index.ts';
import { Skeleton } from '../ui/state.tsx';
import { sayError } from '../ui/toasts.tsx';
import { Announcer } from './announcer.tsx';
import { Latest } from './latest.tsx';
import { moveAmongMessages } from './move-among-messages.ts';
import { RowView } from './row-view.tsx';
import { type RowOptions, rowsOf } from './rows.ts';
import css from './timeline.module.css';
import { useActiveRow } from './use-active-row.ts';
import { useJump } from './use-jump.ts';
import { useMarkRead } from './use-mark-read.ts';
import { usePlace } from './use-place.ts';

/** Nearer than this to an end of what is here the next page is loaded, px: about two screens. */
const NEAR_PX = 1_200;
/** Rows that are rendered beyond what is seen, px. */
const BUFFER_PX = 600;

export interface TimelineProps extends Omit<RowOptions, 'atStart'> {
  readonly label: string;
  readonly messages: Messages;
  readonly stretch: Stretch;
  /** What stands before the first message. */
  readonly start: ReactNode;
  /** Number of a message to show. */
  readonly at?: number | undefined;
  readonly onShown?: () => void;
  readonly unread?: number | undefined;
  readonly ref?: Ref<TimelineHandle>;
}

export interface TimelineHandle {
  /** To the newest message, and on with what comes. */
  toEnd(): void;
}

/** Messages from the oldest that is here to the newest, however many: only those near the window are in the page. */
export function Timeline(props: TimelineProps) {
  const { label, messages, stretch, start, readUpTo, me, isThread, at, onShown, unread, ref } = props;
  const list = useRef<VirtualizerHandle>(null);
  const { items, atStart, atEnd, isLoaded, isLoading } = stretch;
  const rows = useMemo(
    () => rowsOf(items, { atStart, readUpTo, me, ...(isThread && { isThread }) }),
    [items, atStart, readUpTo, me, isThread],
  );
  // What waits to be sent is shown, also where nothing of the room could be read yet.
  const isShown = isLoaded || items.length > 0;
  const place = usePlace(list, rows, { isShown, atEnd });
  const flashed = useJump({ list, rows, messages, stretch, at, onShown, leaveEnd: place.leaveEnd });
  const active = useActiveRow(rows);
  useMarkRead(messages, items, place.isAtEnd && atEnd);

  const load = useCallback(() => {
    const handle = list.current;
    if (!handle || isLoading || !isLoaded) return;
    const below = handle.scrollSize - handle.viewportSize - handle.scrollOffset;
    if (handle.scrollOffset < NEAR_PX && !atStart) messages.loadOlder().catch(sayError);
    else if (below < NEAR_PX && !atEnd) messages.loadNewer().catch(sayError);
  }, [messages, isLoading, isLoaded, atStart, atEnd]);

  const toEnd = async () => {
    if (!atEnd) await messages.jumpToEnd().catch(sayError);
    place.toEnd();
  };
  useImperativeHandle(ref, () => ({ toEnd }));

  if (!isShown) return <Skeleton label="Loading messages" lines={8} />;
  return (
    <div className={css.frame}>
      <div
        className={css.scroller}
        role="log"
        aria-label={label}
        aria-live="off"
        aria-busy={isLoading}
        onKeyDown={moveAmongMessages}
        onFocus={active.onFocus}
      >
        <div className={css.spacer} />
        <Virtualizer
          ref={list}
          data={rows}
          shift={place.isShifted}
          bufferSize={BUFFER_PX}
          keepMounted={active.kept}
          onScroll={() => {
            place.onScroll();
            load();
          }}
          onResize={place.onResize}
        >
          {(row) => (
            <RowView
              key={row.key}
              row={row}
              start={start}
              isFlashed={row.key === flashed}
              isActive={row.key === active.key}
            />
          )}
        </Virtualizer>
        <div className={css.end} />
      </div>
      {!(place.isAtEnd && atEnd) && <Latest unread={unread ?? 0} onClick={toEnd} />}
      <Announcer items={items} isLive={atEnd} me={me} />
    </div>
  );
}
