/**
 * Makes the words of a room's messages anew: what is missing is put, what is left over is taken away, and what is as it should be is not
 * written. Traffic goes on meanwhile, and searches find what they found: as the settler, this writes first and looks then
 * (index-words.ts).
 */
import { batchGetEventsOf, isMessage } from '../data/events.ts';
import type { StoredMessage } from '../data/message-state.ts';
import { batchGetWords, pageRoomWords, type WordPlace, writeWords } from '../data/words.ts';
import type { RoomId } from '../protocol/ids.ts';
import { indexedWords, textOf } from './index-words.ts';
import type { SearchContext } from './search-room.ts';

/** What a rebuild of words works with. */
export type WordsContext = Pick<SearchContext, 'chat' | 'search'>;

/**
 * Puts the words of messages that are missing.
 *
 * @param seqs numbers of messages, about a hundred.
 * @returns how many there were.
 */
export async function mendWords(ctx: WordsContext, room: RoomId, seqs: readonly number[]): Promise<number> {
  const messages = await readMessages(ctx, room, seqs);
  const wanted = [...messages.values()].flatMap((message) =>
    Array.from(indexedWords(textOf(message)), (word) => ({
      word,
      seq: message.event.seq,
      expiresAt: message.expiresAt,
    })),
  );
  const there = new Set((await batchGetWords(ctx.search, room, wanted)).map(nameOf));
  const missing = wanted.filter((place) => !there.has(nameOf(place)));
  await writeWords(ctx.search, room, { puts: missing, deletes: [] });
  // A message may have been edited since it was read.
  await sweep(ctx, room, missing);
  return missing.length;
}

/** Takes away, in the whole room, the words that no message holds. @returns how many there were. */
export async function sweepWords(ctx: WordsContext, room: RoomId): Promise<number> {
  let swept = 0;
  for await (const places of pageRoomWords(ctx.search, room)) swept += await sweep(ctx, room, places);
  return swept;
}

async function sweep(ctx: WordsContext, room: RoomId, places: readonly WordPlace[]): Promise<number> {
  const left = await split(ctx, room, places);
  if (left.stale.length === 0) return 0;
  await writeWords(ctx.search, room, { puts: [], deletes: left.stale });
  const { held } = await split(ctx, room, left.stale);
  await writeWords(ctx.search, room, { puts: held, deletes: [] });
  return left.stale.length - held.length;
}

/** Places whose message holds the word now, and the others. */
async function split(
  ctx: WordsContext,
  room: RoomId,
  places: readonly WordPlace[],
): Promise<{ readonly held: readonly WordPlace[]; readonly stale: readonly WordPlace[] }> {
  const messages = await readMessages(ctx, room, [...new Set(places.map(({ seq }) => seq))]);
  const words = new Map([...messages].map(([seq, message]) => [seq, indexedWords(textOf(message))]));
  const isHeld = ({ seq, word }: WordPlace) => words.get(seq)?.has(word) ?? false;
  const held = places
    .filter(isHeld)
    .map((place) => ({ ...place, expiresAt: messages.get(place.seq)?.expiresAt }));
  return { held, stale: places.filter((place) => !isHeld(place)) };
}

async function readMessages(
  { chat }: WordsContext,
  room: RoomId,
  seqs: readonly number[],
): Promise<ReadonlyMap<number, StoredMessage>> {
  const messages = (await batchGetEventsOf(chat, room, seqs)).filter(isMessage);
  return new Map(messages.map((message) => [message.event.seq, message]));
}

function nameOf({ word, seq }: WordPlace): string {
  return `${word}#${seq}`;
}
