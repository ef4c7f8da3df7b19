import type { RoomSummary } from '../../client/index.ts';
import { retentionText } from '../rooms/retention.ts';
import { dayLabel } from '../time/format.ts';
import { useNow } from '../time/use-now.ts';
import { Avatar } from '../ui/avatar.tsx';
import { Icon } from '../ui/icon.tsx';
import css from './room.module.css';

/** What stands before a room's first message. */
export function RoomStart({ summary, name }: { readonly summary: RoomSummary; readonly name: string }) {
  const { kind, createdAt, topic, retentionDays } = summary;
  const now = useNow();
  if (kind === 'direct') {
    return (
      <div className={css.start}>
        <div className={css.startIcon}>
          <Avatar user={summary.with ?? ''} name={name} size="l" />
        </div>
        <h2 className={css.startTitle}>{name}</h2>
        <p className={css.startText}>
          This is the beginning of your conversation. Only the two of you read it.
        </p>
      </div>
    );
  }
  return (
    <div className={css.start}>
      <div className={css.startIcon}>
        <Icon name={kind === 'private' ? 'lock' : 'hash'} size={24} />
      </div>
      <h2 className={css.startTitle}>Welcome to {name}</h2>
      <p className={css.startText}>
        {topic ? `${topic} · ` : ''}
        {kind === 'private' ? 'A private room' : 'A room that anyone can join'}, made{' '}
        {madeOn(dayLabel(createdAt, now))}. {retentionText(retentionDays)}
      </p>
    </div>
  );
}

function madeOn(day: string): string {
  return day === 'Today' || day === 'Yesterday' ? day.toLowerCase() : `on ${day}`;
}
