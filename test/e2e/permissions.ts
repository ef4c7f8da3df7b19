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

/** Who walks the calls about a direct room: neither of the two, one of them whom the other has blocked, one of them. */
export const PAIR = ['stranger', 'blocked', 'member'] as const;
export type OneOfPair = (typeof PAIR)[number];

/** A row about direct rooms. */
export interface DirectRow extends Pick<Row, 'call' | 'what'> {
  readonly outcomes: Readonly<Record<OneOfPair, string>>;
}

/**
 * The rows of docs/permissions.md.
 *
 * @throws {Error} where a line of a table is not as the others.
 */
export function readPermissions(): Row[] {
  return readTables((columns) => columns.includes('owner')).map(({ columns, cells, line }) =>
    rowOf(columns, cells, line),
  );
}

/** Those about direct rooms. @throws {Error} as `readPermissions`. */
export function readDirectPermissions(): DirectRow[] {
  return readTables((columns) => columns.includes('blocked')).map(({ columns, cells, line }) => {
    const [call = '', what = ''] = cells;
    const outcomes = PAIR.map((person) => {
      const code = cells[columns.indexOf(person)];
      if (!code) throw new Error(`unable to read a row of permissions.md; ${person} is missing in ${line}`);
      return [person, code];
    });
    return { call: call.replaceAll('`', ''), what, outcomes: Object.fromEntries(outcomes) };
  });
}

interface Line {
  readonly columns: readonly string[];
  readonly cells: readonly string[];
  readonly line: string;
}

/** The lines of the document's tables that have such columns. */
function readTables(isWanted: (columns: readonly string[]) => boolean): Line[] {
  const lines: Line[] = [];
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
    else if (!/^[- ]+$/.test(cells.join('')) && isWanted(columns)) lines.push({ columns, cells, line });
  }
  return lines;
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
