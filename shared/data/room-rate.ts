/**
 * How much a room takes within a second: a number in an attribute of its head, named by the second, counted by the commit itself
 * (head-writes.ts). `if_not_exists` begins it at nothing, so that there is nothing to guess, no further call, and no commit that
 * fails but for the limit. Attributes of seconds that are over are removed by the next commit that counts.
 */

/** Events that counted, by second. */
export type Taken = Readonly<Record<string, number>>;

/** What one commit counts against. */
export interface RoomLimit {
  /** Name of the second: text order is time order. */
  readonly second: string;
  readonly most: number;
}

const PREFIX = '~';

/** Seven characters hold seconds until the year 4453. */
export function secondOf(now: number): string {
  return (
    PREFIX +
    Math.floor(now / 1_000)
      .toString(36)
      .padStart(7, '0')
  );
}

export function takenOf(head: object): Taken {
  return Object.fromEntries(
    Object.entries(head).filter(([name, value]) => name.startsWith(PREFIX) && typeof value === 'number'),
  );
}

/** The part of a commit that counts. @param taken as the author saw it. */
export function countInHead({ second, most }: RoomLimit, taken: Taken) {
  const over = Object.keys(taken).filter((name) => name < second);
  return {
    sets: ['#second = if_not_exists(#second, :zero) + :one'],
    conditions: ['(attribute_not_exists(#second) OR #second < :most)'],
    removes: over.map((_, index) => `#over${index}`),
    names: {
      '#second': second,
      ...Object.fromEntries(over.map((name, index) => [`#over${index}`, name])),
    },
    values: { ':zero': 0, ':most': most },
  };
}
