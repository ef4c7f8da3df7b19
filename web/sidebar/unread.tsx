import type { RoomSummary } from '../../client/index.ts';
import { counted } from '../time/format.ts';
import css from './sidebar.module.css';

/** Beyond this a number says no more. */
const MOST = 99;

type Counts = Pick<RoomSummary, 'unread' | 'mentions'>;

/** What is new, in numbers: mentions louder than the rest. */
export function UnreadCounts({ unread, mentions }: Counts) {
  if (mentions > 0) return <span className={css.mentions}>{short(mentions)}</span>;
  return unread > 0 ? <span className={css.count}>{short(unread)}</span> : null;
}

/** The same in words, for what is read aloud: `General, 3 unread, 1 mention`. */
export function withCounts(name: string, { unread, mentions }: Counts): string {
  const parts = [
    name,
    ...(unread > 0 ? [`${unread} unread`] : []),
    ...(mentions > 0 ? [counted(mentions, 'mention')] : []),
  ];
  return parts.join(', ');
}

function short(count: number): string {
  return count > MOST ? `${MOST}+` : String(count);
}
