/** How much one page of results may read once it is open: what bounds its time and its price, however large a room is. */

/** What reading costs, in units of about a millisecond on the local engine, and of two read units on AWS. */
const COSTS = {
  /** A further page of a word's list. */
  page: 2,
  /** 25 messages, each looked up by its number. */
  messages: 2,
  /** 100 events of the log. */
  log: 4,
} as const;

/** The budget is spent: the page ends here, and the next one goes on. */
export class BudgetSpent extends Error {
  override readonly name = 'BudgetSpent';
}

export interface Budget {
  /** Takes what something costs; goes below zero once. */
  charge(kind: keyof typeof COSTS, times?: number): void;
  isSpent(): boolean;
  add(units: number): void;
}

export function createBudget(units: number): Budget {
  let left = units;
  return {
    charge(kind, times = 1) {
      left -= COSTS[kind] * times;
    },
    isSpent: () => left <= 0,
    add(more) {
      left += more;
    },
  };
}
