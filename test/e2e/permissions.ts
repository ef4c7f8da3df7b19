import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Who walks the matrix, from those with the fewest rights to those with the most: a refusal changes nothing for who comes next. */
export const PERSONS = [
  'expired',
  'anonymous',
  'stranger',
  'banned',
  'muted',
  'member',
  'admin',
  'owner',
] as const;
export type Person = (typeof PERSONS)[number];

/** What each person is told: `ok`, or a code. */
export type Outcomes = Readonly<Record<Person, string>>;

/** A row of docs/permissions.md. */
export interface Row {
  /** An action, or a method and a path. */
  readonly call: string;
  /** Which of several ways to make the call; empty where there is only one. */
  readonly what: string;
  readonly inPublic: Outcomes;
  readonly inPrivate: Outcomes;
}

const DOCUMENT = join(import.meta.dirname, '../../docs/permissions.md');

/**
 * The rows of docs/permissions.md.
 *
 * @throws {Error} where a line of a table is not as the others.
 */
export function readPermissions(): Row[] {
  const rows: Row[] = [];
  let columns: string[] = [];
  for (const line of readFileSync(DOCUMENT, 'utf8').split('\n')) {
    if (!line.startsWith('|')) {
      columns = [];
      continue;
    }
    const cells = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (columns.length === 0) columns = cells;
    else if (!/^[- ]+$/.test(cells.join(''))) rows.push(rowOf(columns, cells, line));
  }
  return rows;
}

function rowOf(columns: readonly string[], cells: readonly string[], line: string): Row {
  const [call = '', what = '', ...outcomes] = cells;
  const codes = new Map(columns.slice(2).map((column, index) => [column, outcomes[index] ?? '']));
  const outcomesIn = (place: 0 | 1): Outcomes =>
    Object.fromEntries(
      PERSONS.map((person) => {
        const both = (codes.get(person) ?? '').split(' / ');
        const code = both[place] ?? both[0];
        if (!code) throw new Error(`unable to read a row of permissions.md; ${person} is missing in ${line}`);
        return [person, code];
      }),
    ) as Record<Person, string>;
  return { call: call.replaceAll('`', ''), what, inPublic: outcomesIn(0), inPrivate: outcomesIn(1) };
}
