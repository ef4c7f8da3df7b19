import { describe, expect, it } from 'vitest';
import { parseSchedule } from '../../local/schedules/expression.ts';

const at = (text: string) => Date.parse(`${text}Z`);

/** The first minutes from `from` on in which an expression is due. */
function due(expression: string, from: string, count: number, timeZone?: string, days = 400): string[] {
  const isDue = parseSchedule(expression, timeZone);
  const found: string[] = [];
  const since = at(from);
  for (let minute = since; found.length < count && minute < since + days * 86_400_000; minute += 60_000) {
    if (isDue(minute, since)) found.push(new Date(minute).toISOString().slice(0, 16));
  }
  return found;
}

describe('a rate', () => {
  it('is due each time that it has passed, the first time after it has passed once', () => {
    expect(due('rate(5 minutes)', '2026-11-21T10:03', 2)).toEqual(['2026-11-21T10:08', '2026-11-21T10:13']);
    expect(due('rate(1 day)', '2026-11-21T10:03', 1)).toEqual(['2026-11-22T10:03']);
  });

  it.each(['rate(1 minutes)', 'rate(5 minute)', 'rate(0 minutes)', 'rate(1 week)', 'rate(5)'])(
    'is not %s',
    (expression) => expect(() => parseSchedule(expression)).toThrow(/is no rate/),
  );
});

describe('a cron expression', () => {
  it.each([
    ['cron(0 12 * * ? *)', ['2026-11-21T12:00', '2026-11-22T12:00']],
    ['cron(15/20 10 ? * MON-FRI *)', ['2026-11-23T10:15', '2026-11-23T10:35', '2026-11-23T10:55']],
    ['cron(0 8 1 JAN,3 ? *)', ['2027-01-01T08:00', '2027-03-01T08:00']],
    ['cron(0 0 L * ? *)', ['2026-11-30T00:00', '2026-12-31T00:00']],
    // The 1st of August 2027 is a Sunday, the 15th of November 2026 too.
    ['cron(0 0 1W 8 ? 2027)', ['2027-08-02T00:00']],
    ['cron(0 0 ? * 6L *)', ['2026-11-27T00:00', '2026-12-25T00:00']],
    ['cron(0 0 ? * TUE#2 *)', ['2026-12-08T00:00', '2027-01-12T00:00']],
    ['cron(0 0 ? * L *)', ['2026-11-28T00:00']],
    ['cron(*/30 23 * * ? 2026)', ['2026-11-21T23:00', '2026-11-21T23:30']],
  ])('%s', (expression, expected) => {
    expect(due(expression, '2026-11-21T10:00', expected.length)).toEqual(expected);
  });

  it('goes by the clock of its time zone', () => {
    expect(due('cron(30 9 * * ? *)', '2026-10-23T00:00', 3, 'Europe/Berlin')).toEqual([
      '2026-10-23T07:30',
      '2026-10-24T07:30',
      '2026-10-25T08:30',
    ]);
  });

  it.each([
    ['cron(0 12 * * *)', /6 fields/],
    ['cron(0 12 * * * *)', /must be \?/],
    ['cron(0 12 ? * ? *)', /must be \?/],
    ['cron(60 12 * * ? *)', /60 is no minute/],
    ['cron(0 12 * FOO ? *)', /FOO is no month/],
    ['every day', /is none of rate/],
  ])('is not %s', (expression, reason) => expect(() => parseSchedule(expression)).toThrow(reason));
});

describe('a single time', () => {
  it('is due once, by the clock of its time zone', () => {
    const once = (timeZone?: string) => due('at(2026-11-21T12:30:00)', '2026-11-21T10:00', 2, timeZone, 2);
    expect(once()).toEqual(['2026-11-21T12:30']);
    expect(once('Europe/Berlin')).toEqual(['2026-11-21T11:30']);
    expect(() => parseSchedule('at(tomorrow)')).toThrow(/is no time/);
    expect(() => parseSchedule('cron(0 0 * * ? *)', 'Europe/Nowhere')).toThrow(/time zone/i);
  });
});
