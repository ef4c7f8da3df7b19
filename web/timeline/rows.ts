import type { TimelineItem } from '../../client/index.ts';
import { type Day, dayOf, isWithin } from '../time/day.ts';

/** What the list of messages shows, from top to bottom. */
export type Row =
  | { readonly kind: 'start' | 'loading' | 'new'; readonly key: string }
  | { readonly kind: 'day'; readonly key: string; readonly at: string }
  | {
      readonly kind: 'message';
      readonly key: string;
      readonly item: TimelineItem;
      /** It begins a group: shown with who wrote it. */
      readonly isFirst: boolean;
      /** It answers another message than the one before it does: shown with what it answers. */
      readonly isReply: boolean;
    };

/** Messages of one person within this time are one group, ms. */
const GROUP_MS = 5 * 60_000;

export interface RowOptions {
  /** Whether there is nothing before the first item. */
  readonly atStart: boolean;
  /** Up to here the reader had read when the list was opened: the line of what is new comes after. */
  readonly readUpTo?: number | undefined;
  /** Whose own messages are never new. */
  readonly me: string;
  /** Whether replies are part of the flow as in a thread, not answers that need to be told what they answer. */
  readonly isThread?: boolean;
}

/** Lays messages out in rows: days parted, what is new marked, and messages of one person that follow each other grouped. */
export function rowsOf(
  items: readonly TimelineItem[],
  { atStart, readUpTo, me, isThread }: RowOptions,
): Row[] {
  const rows: Row[] = [{ kind: atStart ? 'start' : 'loading', key: 'top' }];
  let before: TimelineItem | undefined;
  let day: Day | undefined;
  let isMarked = readUpTo === undefined;
  for (const item of items) {
    const isNewDay = !day || !isWithin(day, item.at);
    if (isNewDay) {
      day = dayOf(item.at);
      rows.push({ kind: 'day', key: `day ${item.key}`, at: item.at });
    }
    const isNew = !isMarked && item.status === 'sent' && item.seq > (readUpTo ?? 0) && item.user !== me;
    if (isNew) {
      rows.push({ kind: 'new', key: 'new' });
      isMarked = true;
    }
    const isFirst = isNewDay || isNew || !isOneGroup(before, item, isThread === true);
    const isReply = !isThread && item.thread !== undefined && item.thread !== before?.thread;
    rows.push({ kind: 'message', key: item.key, item, isFirst, isReply });
    before = item;
  }
  return rows;
}

function isOneGroup(before: TimelineItem | undefined, item: TimelineItem, isThread: boolean): boolean {
  if (!before || before.user !== item.user) return false;
  if (!isThread && (item.thread ?? 0) !== (before.thread ?? 0)) return false;
  return Math.abs(Date.parse(item.at) - Date.parse(before.at)) <= GROUP_MS;
}
