import {
  type HTMLAttributes,
  type ReactNode,
  type RefObject,
  useEffect,
  useLayoutEffect,
  useRef,
} from 'react';
import { place } from './place.ts';
import css from './popover.module.css';

interface Props extends Omit<HTMLAttributes<HTMLDivElement>, 'className'> {
  /** What it belongs to, and gives the focus back to. */
  readonly anchor: RefObject<HTMLElement | null>;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/**
 * Something over everything else, open while it is rendered: the browser closes it on Escape and on a press elsewhere. It takes the focus
 * to its first `[data-autofocus]`, or keeps it where it is.
 */
export function Popover({ anchor, onClose, children, ...rest }: Props) {
  const popover = useRef<HTMLDivElement>(null);
  const close = useRef(onClose);
  close.current = onClose;

  useLayoutEffect(() => {
    const element = popover.current;
    if (!element) return;
    element.showPopover();
    const move = () => {
      if (!anchor.current) return;
      const view = { width: window.innerWidth, height: window.innerHeight };
      const { left, top } = place(
        anchor.current.getBoundingClientRect(),
        element.getBoundingClientRect(),
        view,
      );
      element.style.left = `${left}px`;
      element.style.top = `${top}px`;
    };
    move();
    const sizes = new ResizeObserver(move);
    sizes.observe(element);
    window.addEventListener('resize', move);
    element.querySelector<HTMLElement>('[data-autofocus]')?.focus({ preventScroll: true });
    return () => {
      sizes.disconnect();
      window.removeEventListener('resize', move);
    };
  }, [anchor]);

  useEffect(() => {
    const element = popover.current;
    const toggled = (event: Event) => {
      if ((event as ToggleEvent).newState === 'closed') close.current();
    };
    element?.addEventListener('toggle', toggled);
    const owner = anchor.current;
    return () => {
      element?.removeEventListener('toggle', toggled);
      if (element?.contains(document.activeElement) || document.activeElement === document.body)
        owner?.focus();
    };
  }, [anchor]);

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: its role is given by who uses it.
    <div
      {...rest}
      ref={popover}
      popover="auto"
      className={css.popover}
      onKeyDown={(event) => {
        rest.onKeyDown?.(event);
        // It closes this, and nothing that this belongs to.
        if (event.key === 'Escape') event.stopPropagation();
      }}
    >
      {children}
    </div>
  );
}
