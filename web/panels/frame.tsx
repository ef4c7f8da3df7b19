import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef } from 'react';
import { IconButton } from '../ui/button.tsx';
import css from './panel.module.css';

interface Props {
  readonly title: string;
  readonly about?: string | undefined;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** What stands beside a room's messages: a title, a way out, and the focus when it opens. */
export function Frame({ title, about, onClose, children }: Props) {
  const id = useId();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    // What is to be written in comes first, where there is something.
    if (!heading.current?.closest('aside')?.contains(before)) heading.current?.focus({ preventScroll: true });
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, []);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && !event.defaultPrevented) onClose();
  };
  return (
    <aside className={css.panel} aria-labelledby={id} onKeyDown={onKeyDown}>
      <div className={css.head}>
        <div>
          <h2 ref={heading} id={id} className={css.title} tabIndex={-1}>
            {title}
          </h2>
          {about && <p className={css.about}>{about}</p>}
        </div>
        <IconButton icon="x" label={`Close ${title}`} onClick={onClose} />
      </div>
      {children}
    </aside>
  );
}

/** The part of a panel that scrolls. */
export function Scroll({ children }: { readonly children: ReactNode }) {
  return <div className={css.scroll}>{children}</div>;
}
