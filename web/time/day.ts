/** A day where the reader is, from midnight to midnight, ms since 1970. */
export interface Day {
  readonly start: number;
  readonly end: number;
}

/** The day of a time; one that is none has a day of its own. */
export function dayOf(at: string): Day {
  const date = new Date(at);
  const start = new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  // Not 24 hours later: some days have 23 or 25.
  const end = new Date(date.getFullYear(), date.getMonth(), date.getDate() + 1).getTime();
  return { start, end };
}

export function isWithin({ start, end }: Day, at: string): boolean {
  const time = Date.parse(at);
  return time >= start && time < end;
}
