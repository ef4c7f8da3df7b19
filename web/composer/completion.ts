/** What is being typed that could be completed: a mention, or an emoji by its name. */

export interface Completing {
  readonly kind: 'mention' | 'emoji';
  /** What was typed after the sign, in small letters. */
  readonly query: string;
  /** Where the sign stands, UTF-16 code units. */
  readonly start: number;
  readonly end: number;
}

const MENTION = /(?<![\p{L}\p{N}_@.-])@([\p{L}\p{N}_.-]{0,31})$/u;
/** Two letters at least: `:)` and `10:30` are not names. */
const EMOJI = /(?<![\p{L}\p{N}_:])(?::)([a-z0-9_+-]{2,32})$/iu;

/** What stands before the caret; undefined where it is nothing to complete. */
export function completingAt(text: string, caret: number): Completing | undefined {
  const before = text.slice(0, caret);
  for (const [kind, pattern] of [
    ['mention', MENTION],
    ['emoji', EMOJI],
  ] as const) {
    const match = pattern.exec(before);
    if (match) {
      const query = (match[1] ?? '').toLocaleLowerCase();
      return { kind, query, start: match.index, end: caret };
    }
  }
  return undefined;
}

/** The text with what was chosen in place of what was typed, and where the caret goes. */
export function complete(
  text: string,
  { start, end }: Completing,
  chosen: string,
): { readonly text: string; readonly caret: number } {
  const after = text.slice(end);
  const inserted = /^\s/.test(after) ? chosen : `${chosen} `;
  return { text: text.slice(0, start) + inserted + after, caret: start + inserted.length };
}

export interface Candidate {
  readonly user: string;
  readonly name: string;
}

/** People shown at once. */
const MOST = 8;

/** Who may be meant: those whose id or a word of whose name begins so, ids first. */
export function candidatesFor(query: string, people: readonly Candidate[]): Candidate[] {
  const byId = people.filter(({ user }) => user.startsWith(query));
  const byName = people.filter(
    ({ user, name }) =>
      !user.startsWith(query) &&
      name
        .toLocaleLowerCase()
        .split(/\s+/u)
        .some((word) => word.startsWith(query)),
  );
  return [...byId, ...byName].slice(0, MOST);
}
