/** All emoji by group, with their names and what else they are looked for by. Large: loaded when it is first needed. */
import keywords from 'emojilib';
import groups from 'unicode-emoji-json/data-by-group.json';

export interface EmojiEntry {
  readonly emoji: string;
  readonly name: string;
  /** Names and keywords in small letters, with blanks between. */
  readonly words: string;
}

export interface EmojiGroup {
  readonly name: string;
  readonly entries: readonly EmojiEntry[];
}

/** Newer ones are boxes on systems of the last years. */
const NEWEST = 15;

/** Groups in Unicode's order, without what the system can't be expected to show. */
export const EMOJI_GROUPS: readonly EmojiGroup[] = groups.map(({ name, emojis }) => ({
  name,
  entries: emojis
    .filter(({ emoji_version }) => Number(emoji_version) <= NEWEST)
    .map(({ emoji, name: word }) => ({
      emoji,
      name: word,
      words: [word, ...(keywords[emoji] ?? [])].join(' ').replaceAll('_', ' ').toLowerCase(),
    })),
}));

/** Emoji one of whose words begins with what is looked for, those first whose name does. */
export function findEmoji(query: string): EmojiEntry[] {
  const sought = query.trim().toLowerCase();
  if (sought === '') return [];
  const all = EMOJI_GROUPS.flatMap(({ entries }) => entries);
  const found = all.filter(({ words }) => ` ${words}`.includes(` ${sought}`));
  return found.sort((a, b) => rank(a, sought) - rank(b, sought));
}

function rank({ name }: EmojiEntry, sought: string): number {
  if (name.startsWith(sought)) return 0;
  return ` ${name}`.includes(` ${sought}`) ? 1 : 2;
}
