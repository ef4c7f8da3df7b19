import { type FocusEvent, useMemo, useState } from 'react';

/** Whether the pointer or the focus is on something, or what it opened holds it open. */
export function useHover() {
  const [isOver, setIsOver] = useState(false);
  const [hasFocus, setHasFocus] = useState(false);
  const [isHeld, setIsHeld] = useState(false);
  const handlers = useMemo(
    () => ({
      onPointerEnter: () => setIsOver(true),
      onPointerLeave: () => setIsOver(false),
      onFocus: () => setHasFocus(true),
      onBlur: (event: FocusEvent<HTMLElement>) => {
        if (!event.currentTarget.contains(event.relatedTarget)) setHasFocus(false);
      },
    }),
    [],
  );
  return { isHovered: isOver || hasFocus || isHeld, setIsHeld, handlers };
}
