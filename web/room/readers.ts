import type { ReadMarks, TimelineItem } from '../../client/index.ts';

/** Who, but for oneself and its author, has read the newest message that is in the room. */
export function readersOf(items: readonly TimelineItem[], marks: ReadMarks, me: string): string[] {
  const newest = items.findLast((item) => item.status === 'sent');
  if (newest?.status !== 'sent') return [];
  return Object.entries(marks)
    .filter(([user, seq]) => user !== me && user !== newest.user && seq >= newest.seq)
    .map(([user]) => user);
}
