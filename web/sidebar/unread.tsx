import type { RoomSummary } from '../../client/index.ts';
import { counted } from '../time/format.ts';
import css from './sidebar.module.css';

/** Beyond this a number says no more. */
const MOST = 99;

type Counts = Pick<RoomSummary, 'unread' | 'mentions'>;

/** What is new, in a number: that of mentions louder than that of the rest. */
export function UnreadCounts({ unread, mentions }: Counts) {
  const count = mentions > 0 ? mentions : unread;
  if (count === 0) return null;
  // By the style: what is read aloud has its own words for it.
  return <span className={mentions > 0 ? css.mentions : css.count} data-count={short(count)} />;
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
