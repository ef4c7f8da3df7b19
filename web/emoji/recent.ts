import { readStored, store } from '../app/storage.ts';

const KEY = 'parley:emoji';
/** Two rows of the picker. */
const MOST = 16;
/** What many choose, for who has chosen none yet. */
const FIRST = ['👍', '❤️', '😂', '🎉', '👀', '🙏', '✅', '🔥'];

/** Emoji that were chosen last in this browser, the newest first. */
export function recentEmoji(): string[] {
  const stored = readStored(KEY)?.split(' ').filter(Boolean) ?? [];
  return [...stored, ...FIRST.filter((emoji) => !stored.includes(emoji))].slice(0, MOST);
}

export function rememberEmoji(emoji: string): void {
  store(KEY, [emoji, ...recentEmoji().filter((each) => each !== emoji)].slice(0, MOST).join(' '));
}
