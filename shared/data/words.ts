/** The words of a room's messages, `<word>#<seq>`: an item for each word that a message holds. What a message says itself is in the log. */
import type { RoomId } from '../protocol/ids.ts';
import { readWordKey, searchKeys, TTL_ATTRIBUTE, WORD_LANES } from './keys.ts';
import type { Item, Table } from './table.ts';

/** Sorts behind every number. */
const BEYOND_DIGITS = ':';
const LAST_CODE_POINT = '\u{10ffff}';

/** Words of a page of work in the background: few enough to be deleted at once without hurting who writes. */
const BACKGROUND_PAGE = 250;

/** That a message holds a word. */
export interface WordPlace {
  readonly word: string;
  readonly seq: number;
  /** When the message expires, epoch seconds. */
  readonly expiresAt?: number | undefined;
}

/** Adds and takes away words; nothing stands in both lists. May be done again. */
export async function writeWords(
  table: Table,
  room: RoomId,
  { puts, deletes }: { readonly puts: readonly WordPlace[]; readonly deletes: readonly WordPlace[] },
): Promise<void> {
  await table.batchWrite({
    puts: puts.map(({ word, seq, expiresAt }) => ({
      ...searchKeys.word(room, word, seq),
      ...(expiresAt === undefined ? {} : { [TTL_ATTRIBUTE]: expiresAt }),
    })),
    deletes: deletes.map(({ word, seq }) => searchKeys.word(room, word, seq)),
  });
}

/** Numbers of the messages that hold a word, the newest first, up to number `most`. `end`: no more after these. */
export async function pageWord(
  table: Table,
  room: RoomId,
  word: string,
  { most, limit }: { readonly most: number; readonly limit: number },
): Promise<{ readonly seqs: readonly number[]; readonly end: boolean }> {
  const { items, next } = await table.query({
    where: 'pk = :pk AND sk BETWEEN :first AND :last',
    values: {
      ':pk': searchKeys.word(room, word, 0).pk,
      ':first': searchKeys.word(room, word, 0).sk,
      ':last': searchKeys.word(room, word, most).sk,
    },
    descending: true,
    limit,
  });
  return { seqs: items.map(seqOf), end: next === undefined };
}

/**
 * Messages that hold a word with this beginning, by word and then by number.
 *
 * @param page.after only words after this one.
 */
export async function pagePrefix(
  table: Table,
  room: RoomId,
  prefix: string,
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
): Promise<{ readonly places: readonly WordPlace[]; readonly end: boolean }> {
  const { items, next } = await table.query({
    where: 'pk = :pk AND sk BETWEEN :from AND :to',
    values: {
      ':pk': searchKeys.word(room, prefix, 0).pk,
      ':from': after === undefined ? prefix : `${after}#${BEYOND_DIGITS}`,
      ':to': `${prefix}${LAST_CODE_POINT}`,
    },
    limit,
  });
  return { places: items.map(({ sk }) => readWordKey(sk)), end: next === undefined };
}

/** Those of these words that are there. */
export async function batchGetWords(
  table: Table,
  room: RoomId,
  places: readonly WordPlace[],
): Promise<readonly WordPlace[]> {
  const items = await table.batchGet(places.map(({ word, seq }) => searchKeys.word(room, word, seq)));
  return items.map(({ sk }) => readWordKey(sk));
}

/** All words of a room, a page at a time: for work in the background. */
export async function* pageRoomWords(table: Table, room: RoomId): AsyncGenerator<readonly WordPlace[]> {
  for (let lane = 0; lane < WORD_LANES; lane++) {
    let from: Readonly<Record<string, unknown>> | undefined;
    do {
      const { items, next } = await table.query({
        where: 'pk = :pk',
        values: { ':pk': searchKeys.lane(room, lane) },
        limit: BACKGROUND_PAGE,
        ...(from ? { from } : {}),
      });
      if (items.length > 0) yield items.map(({ sk }) => readWordKey(sk));
      from = next;
    } while (from);
  }
}

function seqOf({ sk }: Item): number {
  return readWordKey(sk).seq;
}
