import { useEffect, useState } from 'react';
import type { EmojiEntry } from '../emoji/emoji-data.ts';

/** Emoji shown at once. */
const MOST = 8;

/** Emoji whose names hold what was typed; none where nothing was. The list of all is loaded when it is first needed. */
export function useEmojiNamed(query: string | undefined): readonly EmojiEntry[] {
  const [found, setFound] = useState<readonly EmojiEntry[]>([]);
  useEffect(() => {
    if (query === undefined) {
      setFound([]);
      return;
    }
    let isOver = false;
    import('../emoji/emoji-data.ts').then(
      ({ findEmoji }) => {
        if (!isOver) setFound(findEmoji(query.replaceAll('_', ' ')).slice(0, MOST));
      },
      // Without a network it is typed as it is.
      () => {},
    );
    return () => {
      isOver = true;
    };
  }, [query]);
  return found;
}
