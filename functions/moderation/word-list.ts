/** A moderation hook that goes by a list of words: deployed with the context `moderationWords`, and an example for one's own. */
import * as z from 'zod/mini';
import type { Verdict } from '../../shared/chat/moderation.ts';
import { judge, readWordList } from '../../shared/chat/word-list.ts';
import { ENV } from '../../shared/environment.ts';

/** What the hook is called with: also `room` and `user`, which a list of words does not look at. */
const Draft = z.object({ text: z.string() });

const words = readWordList(process.env[ENV.moderationWords] ?? '');

export async function handler(draft: unknown): Promise<Verdict> {
  return judge(words, z.parse(Draft, draft).text);
}
