import { Icon } from '../ui/icon.tsx';
import css from './timeline.module.css';

/** The way back to the newest message, and how many are new there. */
export function Latest({ unread, onClick }: { readonly unread: number; readonly onClick: () => void }) {
  const label = unread > 0 ? `${unread} new` : 'Latest messages';
  return (
    <button
      type="button"
      className={css.latest}
      data-new={unread > 0 || undefined}
      aria-label={unread > 0 ? `${unread} new messages: go to the latest` : 'Go to the latest messages'}
      onClick={onClick}
    >
      <Icon name="arrowDown" size={16} />
      {label}
    </button>
  );
}
