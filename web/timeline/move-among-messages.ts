import type { KeyboardEvent } from 'react';

/** Arrows, Home and End move from message to message, where the focus is on one of them and not on something in it. */
export function moveAmongMessages(event: KeyboardEvent<HTMLElement>): void {
  const { target } = event;
  if (!(target instanceof HTMLElement) || target.dataset.key === undefined) return;
  const messages = [...event.currentTarget.querySelectorAll<HTMLElement>('[data-key]')];
  const next = nextOf(event.key, messages.indexOf(target), messages);
  if (!next) return;
  event.preventDefault();
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: 'nearest' });
}

function nextOf(key: string, at: number, messages: readonly HTMLElement[]): HTMLElement | undefined {
  switch (key) {
    case 'ArrowUp':
      return messages[at - 1];
    case 'ArrowDown':
      return messages[at + 1];
    case 'Home':
      return messages[0];
    case 'End':
      return messages.at(-1);
    default:
      return undefined;
  }
}
