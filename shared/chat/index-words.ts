/**
 * Keeps the words of a room's messages as the messages are: what the settler does for search. The words of the latest text are there and
 * no others; a deleted message has none.
 *
 * Runs may overlap, die and come again at any time. So each writes first and then reads what has become of its messages meanwhile: of two
 * runs one sees what the other did, and makes the words those of the latest text. One that died in between comes again with the same events,
 * and their texts tell which words it may have left behind.
 */
import { batchGetEventsOf, type Committed, isMessage, queryAllEvents } from '../data/events.ts';
import type { StoredMessage } from '../data/message-state.ts';
import { type WordPlace, writeWords } from '../data/words.ts';
import type { RoomId } from '../protocol/ids.ts';
import type { ChatContext } from './context.ts';
import { isStopWord } from './stop-words.ts';
import { indexedForm, wordsOf } from './words.ts';

/** Times that messages are looked at again, as they changed meanwhile. */
const MAX_TRIES = 20;
/** Edits whose words another edit takes back. Only the last one's should be there; of the others what an overlapping run put back. */
const EARLIER_EDITS = 10;

/** A message whose words are brought up to date. */
interface Entry {
  readonly seq: number;
  /** Its texts that the batch brings, the newest last. */
  readonly texts: readonly string[];
  readonly isEdited: boolean;
  readonly isDeleted: boolean;
  /** When the message's time is over, and with it that of its words. Epoch seconds. */
  readonly expiresAt: number | undefined;
  /** The words that this run has put; and those that may be there, by any text of the message that is known. */
  readonly written: ReadonlySet<string>;
  readonly possible: ReadonlySet<string>;
}

type WordsIn = typeof indexedWords;

/** The words under which a text is found in the index. */
export function indexedWords(text: string): ReadonlySet<string> {
  const words = wordsOf(text).filter(({ word }) => !isStopWord(word));
  return new Set(words.map(({ word }) => indexedForm(word)));
}

/**
 * Brings the words of those messages up to date whose texts a batch brings. Safe to repeat, in any overlap with other runs; to be called
 * after `project`. Does nothing where search is off.
 *
 * @param batch events of the room, ascending.
 * @throws {Error} where the messages changed each time: the batch comes again.
 */
export async function indexWords(ctx: ChatContext, room: RoomId, batch: readonly Committed[]): Promise<void> {
  const { search } = ctx;
  const wordsIn = remembering(indexedWords);
  let entries = entriesOf(batch, wordsIn);
  if (!search || entries.length === 0) return;
  const first = entries.flatMap(({ seq, written, expiresAt }) => placesOf(seq, written, expiresAt));
  await writeWords(search, room, { puts: first, deletes: [] });
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const messages = await readMessages(ctx, room, entries);
    if (tries === 0) entries = await withEarlierTexts(ctx, room, { entries, messages, wordsIn });
    const puts: WordPlace[] = [];
    const deletes: WordPlace[] = [];
    entries = entries.map((entry) => {
      const { seq } = entry;
      const wanted = wordsIn(textOf(messages.get(seq)));
      puts.push(...placesOf(seq, without(wanted, entry.written), entry.expiresAt));
      deletes.push(...placesOf(seq, without(entry.possible, wanted)));
      return { ...entry, written: wanted, possible: wanted };
    });
    if (puts.length + deletes.length === 0) return;
    await writeWords(search, room, { puts, deletes });
  }
  throw new Error(`unable to index ${room}; its messages changed each time`);
}

/**
 * Takes a message's words away before its texts go: nothing would tell them later.
 *
 * @param texts all that it ever said, as far as its words may be in the index.
 */
export async function dropWords(
  { search }: ChatContext,
  room: RoomId,
  seq: number,
  texts: readonly string[],
): Promise<void> {
  if (!search) return;
  await writeWords(search, room, { puts: [], deletes: placesOf(seq, union(texts.map(indexedWords))) });
}

function entriesOf(batch: readonly Committed[], wordsIn: WordsIn): readonly Entry[] {
  const texts = new Map<number, string[]>();
  const edited = new Set<number>();
  const deleted = new Set<number>();
  const ends = new Map<number, number | undefined>();
  for (const { event, expiresAt, textUntil } of batch) {
    if (event.type === 'message.created') {
      texts.set(event.seq, [event.text]);
      ends.set(event.seq, expiresAt);
    }
    if (event.type === 'message.deleted') deleted.add(event.target);
    if (event.type !== 'message.edited') continue;
    edited.add(event.target);
    ends.set(event.target, textUntil);
    texts.set(event.target, [...(texts.get(event.target) ?? []), event.text]);
  }
  return [...texts].map(([seq, list]) => ({
    seq,
    texts: list,
    isEdited: edited.has(seq),
    isDeleted: deleted.has(seq),
    expiresAt: ends.get(seq),
    written: deleted.has(seq) ? new Set<string>() : wordsIn(list.at(-1) ?? ''),
    possible: union(list.map(wordsIn)),
  }));
}

/** The messages as they are stored, by number. Those that the batch made lie in one stretch of the log. */
async function readMessages(
  ctx: ChatContext,
  room: RoomId,
  entries: readonly Entry[],
): Promise<ReadonlyMap<number, StoredMessage>> {
  const made = entries.filter(({ isEdited }) => !isEdited).map(({ seq }) => seq);
  const others = entries.filter(({ isEdited }) => isEdited).map(({ seq }) => seq);
  const [stretch, rest] = await Promise.all([
    queryAllEvents(ctx.chat, room, { from: made[0] ?? 1, to: made.at(-1) ?? 0 }),
    others.length > 0 ? batchGetEventsOf(ctx.chat, room, others) : [],
  ]);
  const messages = [...stretch, ...rest].filter(isMessage);
  return new Map(messages.map((message) => [message.event.seq, message]));
}

/** Of edited messages also the words that they had before. */
async function withEarlierTexts(
  ctx: ChatContext,
  room: RoomId,
  {
    entries,
    messages,
    wordsIn,
  }: {
    readonly entries: readonly Entry[];
    readonly messages: ReadonlyMap<number, StoredMessage>;
    readonly wordsIn: WordsIn;
  },
): Promise<readonly Entry[]> {
  const edits = entries.flatMap(({ seq, isEdited }) =>
    isEdited ? (messages.get(seq)?.state?.edits ?? []).slice(-EARLIER_EDITS) : [],
  );
  if (edits.length === 0) return entries;
  const stored = (await batchGetEventsOf(ctx.chat, room, edits)).map(({ event }) => event);
  return entries.map((entry) => {
    if (!entry.isEdited) return entry;
    const earlier = stored.flatMap((event) =>
      event.type === 'message.edited' && event.target === entry.seq ? [event.text] : [],
    );
    const texts = [messages.get(entry.seq)?.event.text ?? '', ...earlier];
    return { ...entry, possible: union([entry.possible, ...texts.map(wordsIn)]) };
  });
}

/** What a message says now; nothing where it is deleted or gone. */
export function textOf(message: StoredMessage | undefined): string {
  if (!message || message.state?.deleted !== undefined) return '';
  return message.state?.text ?? message.event.text;
}

function placesOf(seq: number, words: Iterable<string>, expiresAt?: number): WordPlace[] {
  return Array.from(words, (word) => ({ word, seq, expiresAt }));
}

function union(sets: readonly ReadonlySet<string>[]): ReadonlySet<string> {
  return new Set(sets.flatMap((set) => [...set]));
}

function without(words: ReadonlySet<string>, others: ReadonlySet<string>): string[] {
  return [...words].filter((word) => !others.has(word));
}

/** Cutting a text into words is most of the work, and the same text comes by several times. */
function remembering(wordsIn: WordsIn): WordsIn {
  const known = new Map<string, ReadonlySet<string>>();
  return (text) => {
    const words = known.get(text) ?? wordsIn(text);
    known.set(text, words);
    return words;
  };
}
