/** Cron expressions of EventBridge: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based */

/** A minute as a clock on the wall shows it. */
export interface WallMinute {
  readonly minute: number;
  readonly hour: number;
  readonly day: number;
  readonly month: number;
  /** 1 is Sunday, 7 Saturday. */
  readonly weekday: number;
  readonly year: number;
}

type Matches = (at: WallMinute) => boolean;

interface Field {
  readonly name: keyof WallMinute;
  readonly least: number;
  readonly most: number;
  /** What may be written in place of numbers, the first for `least`. */
  readonly words?: readonly string[];
}

const FIELDS: readonly Field[] = [
  { name: 'minute', least: 0, most: 59 },
  { name: 'hour', least: 0, most: 23 },
  { name: 'day', least: 1, most: 31 },
  {
    name: 'month',
    least: 1,
    most: 12,
    words: ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'],
  },
  { name: 'weekday', least: 1, most: 7, words: ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] },
  { name: 'year', least: 1970, most: 2199 },
];
const SATURDAY = 7;

/**
 * @param expression - the six fields between the brackets of `cron(…)`
 * @throws RangeError with the reason why it is none
 */
export function parseCron(expression: string): Matches {
  const texts = expression.trim().split(/\s+/);
  if (texts.length !== FIELDS.length) throw new RangeError(`cron needs ${FIELDS.length} fields`);
  const open = [texts[2], texts[4]].filter((text) => text === '?').length;
  if (open !== 1) throw new RangeError('one of day-of-month and day-of-week must be ?, and one only');
  const fields = FIELDS.map((field, index) => parseField(field, (texts[index] ?? '').toUpperCase()));
  return (at) => fields.every((matches) => matches(at));
}

function parseField(field: Field, text: string): Matches {
  if (text === '?' && (field.name === 'day' || field.name === 'weekday')) return () => true;
  const items = text.split(',').map((item) => special(field, item) ?? parseRange(field, item));
  return (at) => items.some((matches) => matches(at));
}

/** `*`, `a`, `a-b`, each with a step: `a/2` goes on to the end. */
function parseRange(field: Field, item: string): Matches {
  const [, from = '', to, every] = /^(\*|\w+)(?:-(\w+))?(?:\/(\d+))?$/.exec(item) ?? [];
  const first = from === '*' ? field.least : numberOf(field, from);
  const last = to !== undefined ? numberOf(field, to) : from === '*' || every ? field.most : first;
  const step = every === undefined ? 1 : Number(every);
  if (step < 1) throw new RangeError(`${item} has no step`);
  return (at) => {
    const value = at[field.name];
    return value >= first && value <= last && (value - first) % step === 0;
  };
}

function numberOf({ name, least, most, words = [] }: Field, text: string): number {
  const word = words.indexOf(text);
  const number = word >= 0 ? least + word : /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new RangeError(`${text || 'nothing'} is no ${name} from ${least} to ${most}`);
}

/** `L` is the last day, `15W` the weekday nearest to the 15th, `6L` the last Friday, `6#3` the third. */
function special(field: Field, item: string): Matches | undefined {
  if (field.name === 'day') {
    if (item === 'L') return ({ day, month, year }) => day === daysOf(year, month);
    const near = /^(\d+)W$/.exec(item)?.[1];
    if (near === undefined) return undefined;
    const wanted = numberOf(field, near);
    return ({ day, month, year }) => day === nearestWeekday(year, month, wanted);
  }
  if (field.name !== 'weekday') return undefined;
  if (item === 'L') return ({ weekday }) => weekday === SATURDAY;
  const last = /^(\w+)L$/.exec(item)?.[1];
  if (last !== undefined) {
    const wanted = numberOf(field, last);
    return ({ weekday, day, month, year }) => weekday === wanted && day + 7 > daysOf(year, month);
  }
  const [, weekday, nth] = /^(\w+)#([1-5])$/.exec(item) ?? [];
  if (weekday === undefined) return undefined;
  const wanted = numberOf(field, weekday);
  return (at) => at.weekday === wanted && Math.ceil(at.day / 7) === Number(nth);
}

function daysOf(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** It stays within the month. */
function nearestWeekday(year: number, month: number, wanted: number): number {
  const last = daysOf(year, month);
  const day = Math.min(wanted, last);
  const weekday = new Date(Date.UTC(year, month - 1, day)).getUTCDay();
  if (weekday === 6) return day === 1 ? 3 : day - 1;
  if (weekday === 0) return day === last ? day - 2 : day + 1;
  return day;
}
