import type { History, Mark } from './history.ts';

/** A mark that somebody asked for, and what came of it. Times are places in the history. */
export interface MarkFacts {
  readonly what: Mark;
  readonly asked: number;
  /** Without one its connection was gone before: nobody knows whether it was made. */
  outcome?:
    | { readonly time: number; readonly seq: number; readonly unread: number }
    | { readonly time: number; readonly code: string };
}

/** The marks of a history, in the order in which they were asked for. */
export function marksOf({ occurrences }: History): readonly MarkFacts[] {
  const marks = new Map<number, MarkFacts>();
  for (const [time, occurrence] of occurrences.entries()) {
    if (occurrence.kind === 'mark asked') marks.set(occurrence.mark, { what: occurrence.what, asked: time });
    if (occurrence.kind !== 'marked' && occurrence.kind !== 'mark refused') continue;
    const mark = marks.get(occurrence.mark);
    if (!mark) throw new Error(`unable to read the history; mark ${occurrence.mark} ends before it begins`);
    mark.outcome =
      occurrence.kind === 'marked'
        ? { time, seq: occurrence.seq, unread: occurrence.unread }
        : { time, code: occurrence.code };
  }
  return [...marks.values()];
}
