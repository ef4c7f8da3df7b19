/** What is in the index of a room, and what should be there by its log. */
import type { ChatContext } from '../../shared/chat/context.ts';
import { indexedWords } from '../../shared/chat/index-words.ts';
import { isMessage } from '../../shared/data/events.ts';
import { searchKeys, WORD_LANES } from '../../shared/data/keys.ts';
import type { RoomId } from '../../shared/protocol/ids.ts';
import { readLog } from './chat.ts';

/** `<word>#<seq>` of every item, sorted. */
export async function wordsInIndex({ search }: ChatContext, room: RoomId): Promise<string[]> {
  if (!search) throw new Error('there is no index');
  const lanes = await Promise.all(
    Array.from({ length: WORD_LANES }, (_, lane) =>
      search.queryAll({ where: 'pk = :pk', values: { ':pk': searchKeys.lane(room, lane) } }),
    ),
  );
  return lanes
    .flat()
    .map(({ sk }) => sk)
    .sort();
}

/** The same, made from what each message of the log says now. */
export async function wordsByLog(ctx: ChatContext, room: RoomId): Promise<string[]> {
  const messages = (await readLog(ctx, room)).filter(isMessage);
  return messages
    .filter(({ state }) => state?.deleted === undefined)
    .flatMap(({ event, state }) =>
      [...indexedWords(state?.text ?? event.text)].map((word) => searchKeys.word(room, word, event.seq).sk),
    )
    .sort();
}
