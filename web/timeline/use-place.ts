import { type RefObject, useCallback, useLayoutEffect, useRef, useState } from 'react';
import type { VirtualizerHandle } from 'virtua';
import type { Row } from './rows.ts';

/** As near as this to the end counts as being there, px. */
const AT_END_PX = 48;

/**
 * Keeps the reader's place: at the end with what comes while one is there, and at the same message while older ones are put before it.
 */
export function usePlace(
  list: RefObject<VirtualizerHandle | null>,
  rows: readonly Row[],
  { isLoaded, atEnd }: { readonly isLoaded: boolean; readonly atEnd: boolean },
) {
  const [isAtEnd, setIsAtEnd] = useState(true);
  const sticks = useRef(true);
  const before = useRef<readonly Row[]>([]);
  const stick = useCallback((does: boolean) => {
    sticks.current = does;
    setIsAtEnd(does);
  }, []);

  const toEnd = useCallback(() => {
    stick(true);
    const handle = list.current;
    // What is below the last row as well.
    handle?.scrollTo(handle.scrollSize);
  }, [list, stick]);
  useLayoutEffect(() => {
    before.current = rows;
    if (isLoaded && atEnd && sticks.current) toEnd();
  }, [rows, isLoaded, atEnd, toEnd]);

  const last = useRef({ offset: 0, size: 0 });
  const onScroll = useCallback(() => {
    const handle = list.current;
    if (!handle) return;
    const { scrollOffset: offset, scrollSize: size } = handle;
    const isUpwards = offset < last.current.offset && size === last.current.size;
    last.current = { offset, size };
    if (size - handle.viewportSize - offset <= AT_END_PX) stick(true);
    // Rows that are measured move the list as well: that is not the reader's doing.
    else if (isUpwards) stick(false);
  }, [list, stick]);

  /** A picture that has come, or a window that became smaller, does not push away what is read. */
  const onResize = useCallback(() => {
    if (sticks.current) toEnd();
  }, [toEnd]);

  return {
    isAtEnd,
    isShifted: isShifted(before.current, rows),
    toEnd,
    leaveEnd: useCallback(() => stick(false), [stick]),
    onScroll,
    onResize,
  };
}

/** Whether rows were put before what was first: then the list keeps its distance from the end. */
function isShifted(before: readonly Row[], rows: readonly Row[]): boolean {
  const first = before.find((row) => row.kind === 'message');
  const now = rows.find((row) => row.kind === 'message');
  return (
    first !== undefined &&
    now !== undefined &&
    first.key !== now.key &&
    rows.some(({ key }) => key === first.key)
  );
}
