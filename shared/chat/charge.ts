/**
 * What may come only so often within a minute, beside the rate of commands: the same text, links, joins. It is counted in the item of
 * the caller's rate bucket, by the very write that spends from it (rate.ts).
 *
 * A count is a set of marks in an attribute of its own, named by the minute and by what is counted: one mark for each use, made
 * from the command's `id`. So the same command sent again counts once (P3), the condition on the set's size is exact under
 * concurrency, and there is nothing to guess. Attributes of minutes that are over are removed by the next write.
 */
import type { Item } from '../data/table.ts';
import { ParleyError } from '../protocol/errors.ts';

/** A use that is counted. */
export interface Charge {
  /** What is counted, short, without `~`. With `:` it is one of many of a kind, such as one text: of these some may be forgotten. */
  readonly name: string;
  /** One for each use; the same command always makes the same. */
  readonly marks: readonly [string, ...string[]];
  /** How many within a minute, at most. */
  readonly most: number;
  readonly operation: string;
  /** Told where there are more. */
  readonly reason: string;
}

/** Parts of an update that counts. */
interface Count {
  readonly clauses: readonly string[];
  readonly conditions: readonly string[];
  readonly names: ReadonlyMap<string, string>;
  readonly values: ReadonlyMap<string, unknown>;
}

const WINDOW_MS = 60_000;
const MARK = '~';
const OF_MANY = ':';
/**
 * Counts of many of a kind that an item keeps of one minute: beyond it the smallest are forgotten. Whoever alternates between more texts than that is left to
 * the rate of commands. A count of one takes about 25 bytes, so that the item stays within one write unit.
 */
const MAX_COUNTS = 16;
/** Attributes that one write removes, at most: an update expression may hold 300 operands. */
const MAX_REMOVED = 100;

/** Attributes of one minute sort behind those of earlier ones: eight characters hold them until the year 5 million. */
function minuteOf(now: number): string {
  return Math.floor(now / WINDOW_MS)
    .toString(36)
    .padStart(8, '0');
}

function attributeOf(charge: Charge, now: number): string {
  return `${MARK}${minuteOf(now)}${MARK}${charge.name}`;
}

function marksIn(item: Item | undefined, attribute: string): ReadonlySet<string> {
  const marks = item?.[attribute];
  return marks instanceof Set ? marks : new Set();
}

/**
 * Throws where an item has no room for a charge.
 *
 * @throws {ParleyError} `rate_limited`, with the time until the minute is over.
 */
export function refuseCharges(charges: readonly Charge[], item: Item | undefined, now: number): void {
  for (const charge of charges) {
    const { marks, most, operation, reason } = charge;
    const counted = marksIn(item, attributeOf(charge, now));
    if (counted.has(marks[0]) || counted.size + marks.length <= most) continue;
    throw new ParleyError('rate_limited', operation, reason, { retryAfterMs: WINDOW_MS - (now % WINDOW_MS) });
  }
}

/** @param known the item as it was seen last: what is over in it is removed. */
export function countCharges(charges: readonly Charge[], known: Item | undefined, now: number): Count {
  const names = new Map<string, string>();
  const values = new Map<string, unknown>();
  const conditions: string[] = [];
  const adds: string[] = [];
  const counted = new Set<string>();
  for (const [index, charge] of charges.entries()) {
    const { marks, most } = charge;
    const attribute = attributeOf(charge, now);
    counted.add(attribute);
    const room = most - marks.length;
    names.set(`#c${index}`, attribute);
    values.set(`:c${index}`, new Set(marks));
    values.set(`:m${index}`, marks[0]);
    if (room >= 0) values.set(`:r${index}`, room);
    adds.push(`#c${index} :c${index}`);
    conditions.push(
      room >= 0
        ? `(attribute_not_exists(#c${index}) OR size(#c${index}) <= :r${index} OR contains(#c${index}, :m${index}))`
        : `contains(#c${index}, :m${index})`,
    );
  }
  const removes = overIn(known, counted, now)
    .slice(0, MAX_REMOVED)
    .map((attribute, index) => {
      names.set(`#o${index}`, attribute);
      return `#o${index}`;
    });
  const clauses = [
    ...(adds.length === 0 ? [] : [`ADD ${adds.join(', ')}`]),
    ...(removes.length === 0 ? [] : [`REMOVE ${removes.join(', ')}`]),
  ];
  return { clauses, conditions, names, values };
}

/** Counts that are not needed any more: of minutes that are over, and the smallest of this one where there are too many. */
function overIn(item: Item | undefined, counted: ReadonlySet<string>, now: number): string[] {
  if (!item) return [];
  const counts = Object.keys(item).filter((name) => name.startsWith(MARK) && !counted.has(name));
  const since = `${MARK}${minuteOf(now)}`;
  const over = counts.filter((name) => name < since);
  const current = counts.filter((name) => name >= since && name.includes(OF_MANY));
  const surplus = current.length + counted.size - MAX_COUNTS;
  if (surplus <= 0) return over;
  current.sort((one, other) => marksIn(item, one).size - marksIn(item, other).size);
  return [...over, ...current.slice(0, surplus)];
}
