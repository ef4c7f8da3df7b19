import { type RefObject, useEffect, useRef, useState } from 'react';
import type { VirtualizerHandle } from 'virtua';
import type { Messages, Timeline } from '../../client/index.ts';
import { sayError } from '../ui/toasts.tsx';
import type { Row } from './rows.ts';

/** How long the message that was jumped to is lit, ms. */
const FLASH_MS = 2_500;

interface Jump {
  readonly list: RefObject<VirtualizerHandle | null>;
  readonly rows: readonly Row[];
  readonly messages: Messages;
  readonly stretch: Timeline;
  /** Number of the message to show; undefined for none. */
  readonly at: number | undefined;
  readonly onShown: (() => void) | undefined;
  /** Called before the list is moved: it no longer follows what comes. */
  readonly leaveEnd: () => void;
}

/** Loads the messages around one, brings it into the middle, lights it up, and puts the focus there. @returns the key of the one that is lit. */
export function useJump({ list, rows, messages, stretch, at, onShown, leaveEnd }: Jump): string | undefined {
  const [lit, setLit] = useState<string>();
  const asked = useRef<number>(undefined);
  const place = at === undefined ? -1 : rows.findIndex((row) => isMessage(row, at));

  useEffect(() => {
    if (at === undefined) {
      asked.current = undefined;
      return;
    }
    if (place >= 0) {
      leaveEnd();
      const key = rows[place]?.key;
      list.current?.scrollToIndex(place, { align: 'center' });
      setLit(key);
      asked.current = undefined;
      focusSoon(at);
      onShown?.();
    } else if (stretch.isLoaded && asked.current !== at) {
      asked.current = at;
      messages.jumpTo(at).catch((error: unknown) => {
        sayError(error);
        onShown?.();
      });
    }
  }, [at, place, rows, stretch.isLoaded, messages, list, onShown, leaveEnd]);

  useEffect(() => {
    if (lit === undefined) return;
    const timer = setTimeout(() => setLit(undefined), FLASH_MS);
    return () => clearTimeout(timer);
  }, [lit]);
  return lit;
}

/** Frames within which a message is in the page once the list scrolls to it. */
const FRAMES = 30;

/** Rows are measured while the list scrolls, in some frames: the message is focused once it is there. */
function focusSoon(seq: number, frames = FRAMES): void {
  requestAnimationFrame(() => {
    const message = document.querySelector<HTMLElement>(`[data-message="${seq}"]`);
    if (message) message.focus({ preventScroll: true });
    else if (frames > 0) focusSoon(seq, frames - 1);
  });
}

function isMessage(row: Row, seq: number): boolean {
  return row.kind === 'message' && row.item.status === 'sent' && row.item.seq === seq;
}
