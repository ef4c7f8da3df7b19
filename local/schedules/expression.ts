/** When a schedule is due: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html */
import { parseCron, type WallMinute } from './cron.ts';

/**
 * Whether a schedule is due in the minute that begins at `at`.
 *
 * @param since - the minute in which the schedule began to be; both are milliseconds since the epoch
 */
export type IsDue = (at: number, since: number) => boolean;

export const MINUTE_MS = 60_000;
const UNIT_MINUTES: Readonly<Record<string, number>> = { minute: 1, hour: 60, day: 24 * 60 };

/**
 * Reads `rate(5 minutes)`, `cron(0 12 * * ? *)` or `at(2026-11-21T10:00:00)`.
 *
 * @param timeZone - of cron and at; UTC by default
 * @throws RangeError with the reason why it can't be read
 */
export function parseSchedule(expression: string, timeZone = 'UTC'): IsDue {
  const [, kind = '', inner = ''] = /^(rate|cron|at)\((.*)\)$/.exec(expression.trim()) ?? [];
  const wall = wallClock(timeZone);
  if (kind === 'rate') return parseRate(inner);
  if (kind === 'cron') {
    const matches = parseCron(inner);
    return (at) => matches(wall(at));
  }
  if (kind === 'at') {
    const [, wanted] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d):\d\d$/.exec(inner) ?? [];
    if (wanted === undefined) throw new RangeError(`${inner} is no time such as 2026-11-21T10:00:00`);
    return (at) => textOf(wall(at)) === wanted;
  }
  throw new RangeError(`"${expression}" is none of rate(…), cron(…) and at(…)`);
}

function parseRate(inner: string): IsDue {
  const [, count = '', unit = '', plural = ''] = /^([1-9]\d*) (minute|hour|day)(s?)$/.exec(inner) ?? [];
  const minutes = UNIT_MINUTES[unit];
  if (minutes === undefined || (Number(count) === 1) !== (plural === '')) {
    throw new RangeError(`"${inner}" is no rate such as "1 hour" or "5 minutes"`);
  }
  const everyMs = Number(count) * minutes * MINUTE_MS;
  return (at, since) => at > since && (at - since) % everyMs === 0;
}

function wallClock(timeZone: string): (at: number) => WallMinute {
  // Throws a RangeError for a zone that it does not know.
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  return (at) => {
    const parts = Object.fromEntries(
      format.formatToParts(at).map(({ type, value }) => [type, Number(value)]),
    );
    const { year = 0, month = 0, day = 0, hour = 0, minute = 0 } = parts;
    const weekday = new Date(Date.UTC(year, month - 1, day)).getUTCDay() + 1;
    return { year, month, day, hour, minute, weekday };
  };
}

function textOf({ year, month, day, hour, minute }: WallMinute): string {
  return new Date(Date.UTC(year, month - 1, day, hour, minute)).toISOString().slice(0, 16);
}
