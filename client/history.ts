/** Pages of a room's messages, or of a thread's. */

import type { Message } from '../shared/protocol/events.ts';
import { nonsense } from './error.ts';
import { isMessage } from './guards.ts';
import type { Link } from './link.ts';

export interface HistoryPage {
  readonly room: string;
  readonly before?: number | undefined;
  readonly limit?: number | undefined;
  readonly thread?: number | undefined;
}

/** Reads a page. @throws {ParleyError} also where the answer can't be shown. */
export async function readPage(
  link: Link,
  page: HistoryPage,
): Promise<{ readonly messages: readonly Message[]; readonly more: boolean; readonly unread: unknown }> {
  const { messages, more, unread } = await link.request('history', page);
  // An empty page with more behind it would be asked for again and again.
  if (!Array.isArray(messages) || !messages.every(isMessage) || (more === true && messages.length === 0))
    throw nonsense('history');
  return { messages, more: more === true, unread };
}
