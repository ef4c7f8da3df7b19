/** Times as people say them. All take the moment of looking, so that they can be tested, and use the reader's language and zone. */

const DAY_MS = 86_400_000;

/** `14:05`. */
export function clockTime(at: string): string {
  return format(at, { hour: '2-digit', minute: '2-digit' });
}

/** `14:05`, and `2:05` where others would say `2:05 pm`: for narrow places beside a whole one. */
export function bareTime(at: string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return '';
  const parts = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' }).formatToParts(
    date,
  );
  return parts
    .filter(({ type }) => type !== 'dayPeriod')
    .map(({ value }) => value)
    .join('')
    .trim();
}

/** Day, month, year and time, for a title. */
export function fullTime(at: string): string {
  return format(at, { dateStyle: 'full', timeStyle: 'short' });
}

/** `Today`, `Yesterday`, `Tuesday` within a week, else the date; the year where it is another. */
export function dayLabel(at: string, now: Date): string {
  const days = daysBetween(new Date(at), now);
  if (days === 0) return 'Today';
  if (days === 1) return 'Yesterday';
  if (days > 1 && days < 7) return format(at, { weekday: 'long' });
  const sameYear = new Date(at).getFullYear() === now.getFullYear();
  return format(at, {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    ...(sameYear ? {} : { year: 'numeric' }),
  });
}

/** The time today, else the day, shortly: for lists. */
export function shortTime(at: string, now: Date): string {
  const days = daysBetween(new Date(at), now);
  if (days === 0) return clockTime(at);
  if (days === 1) return 'Yesterday';
  if (days > 1 && days < 7) return format(at, { weekday: 'short' });
  const sameYear = new Date(at).getFullYear() === now.getFullYear();
  return format(at, { day: 'numeric', month: 'short', ...(sameYear ? {} : { year: 'numeric' }) });
}

/** `just now`, `5 minutes ago`, `3 days ago`. */
export function ago(at: string, now: Date): string {
  const minutes = Math.floor((now.getTime() - Date.parse(at)) / 60_000);
  if (!(minutes >= 1)) return 'just now';
  if (minutes < 60) return plural(minutes, 'minute');
  if (minutes < 24 * 60) return plural(Math.floor(minutes / 60), 'hour');
  return plural(Math.floor(minutes / (24 * 60)), 'day');
}

/** `1 reply`, `2 replies`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString()} ${count === 1 ? one : many}`;
}

function plural(count: number, unit: string): string {
  return `${counted(count, unit)} ago`;
}

/** Whole days from one date to another by the calendar: a day of 23 or 25 hours is a day. */
function daysBetween(from: Date, to: Date): number {
  const midnight = (date: Date) => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  return Math.round((midnight(to) - midnight(from)) / DAY_MS);
}

/** A time that is none says so: the service may be newer, or broken. */
function format(at: string, options: Intl.DateTimeFormatOptions): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime())
    ? 'at some time'
    : new Intl.DateTimeFormat(undefined, options).format(date);
}
