/** Whether a message is in the log whose id the service may have forgotten: loaded when there is such a one, which is rare. */
import { type ParleyError, refusal } from './error.ts';
import { readPage } from './history.ts';
import type { Link } from './link.ts';

/** How far back it is looked for: pages of a hundred. */
const MOST_PAGES = 20;

/**
 * Looks for a message of a user by its id.
 *
 * @param since where nothing older has to be looked at.
 * @returns its number; 0 where it is not there; undefined where that can't be told.
 */
export async function findSent(
  link: Link,
  { room, id }: { readonly room: string; readonly id: string },
  user: string,
  since: string,
): Promise<number | undefined> {
  let before: number | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const { messages, more } = await readPage(link, { room, limit: 100, before });
    const same = messages.find((message) => message.id === id && message.user === user);
    if (same) return same.seq;
    const [first] = messages;
    if (!more || !first || first.at < since) return 0;
    before = first.seq;
  }
  return undefined;
}

/** Why such a message is not sent again by itself. */
export function nobodyKnows(): ParleyError {
  return refusal('conflict', 'send', 'whether it was sent a day ago can’t be told any more');
}
