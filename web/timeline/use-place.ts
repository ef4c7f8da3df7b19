import { type RefObject, useCallback, useLayoutEffect, useRef, useState } from 'react';
import type { VirtualizerHandle } from 'virtua';
import type { Row } from './rows.ts';

/** As near as this to the end counts as being there, px. */
const AT_END_PX = 48;
/** At least what is below the last row, px. */
const BELOW_PX = 48;
/** For so long after the list went to its end it may move by itself, as rows are measured there. Less than a hand takes, ms. */
const SETTLING_MS = 150;
/** Frames within which rows are measured after a change of size. */
const SETTLING_FRAMES = 12;

/**
 * Keeps the reader's place: at the end with what comes while one is there, and at the same message while older ones are put before it.
 */
export function usePlace(
  list: RefObject<VirtualizerHandle | null>,
  rows: readonly Row[],
  { isShown, atEnd }: { readonly isShown: boolean; readonly atEnd: boolean },
) {
  const [isAtEnd, setIsAtEnd] = useState(true);
  const sticks = useRef(true);
  const before = useRef<readonly Row[]>([]);
  const stick = useCallback((does: boolean) => {
    sticks.current = does;
    setIsAtEnd(does);
  }, []);

  const wentToEnd = useRef(Number.NEGATIVE_INFINITY);
  const toEnd = useCallback(() => {
    stick(true);
    wentToEnd.current = performance.now();
    // To a row and not to an offset: rows that are not measured yet may be taller than they are taken for.
    list.current?.scrollToIndex(rows.length - 1, { align: 'end', offset: BELOW_PX });
  }, [list, stick, rows.length]);
  useLayoutEffect(() => {
    before.current = rows;
    if (isShown && atEnd && sticks.current) toEnd();
  }, [rows, isShown, atEnd, toEnd]);

  const last = useRef({ offset: 0, size: 0 });
  const onScroll = useCallback(() => {
    const handle = list.current;
    if (!handle) return;
    const { scrollOffset: offset, scrollSize: size } = handle;
    const isUpwards = offset < last.current.offset && size === last.current.size;
    last.current = { offset, size };
    if (size - handle.viewportSize - offset <= AT_END_PX) stick(true);
    // Rows that are measured move the list as well: that is not the reader's doing.
    else if (isUpwards && performance.now() - wentToEnd.current > SETTLING_MS) stick(false);
  }, [list, stick]);

  /** A picture that has come, or a window that became smaller, does not push away what is read. */
  const onResize = useCallback(() => {
    // The list is told before the page is as tall as it will be, and measures rows for some frames more.
    let frames = SETTLING_FRAMES;
    const stay = (): void => {
      const handle = list.current;
      if (!handle || !sticks.current || frames-- === 0) return;
      if (handle.scrollSize - handle.viewportSize - handle.scrollOffset > 1) toEnd();
      requestAnimationFrame(stay);
    };
    requestAnimationFrame(stay);
  }, [list, toEnd]);

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
