/**
 * Makes anew what is derived from a room's log: what became of each message, the list of pins, the words that search
 * finds them by, the mentions that members have not read.
 * Nothing is dropped first: each item is compared with what the log makes of it, and replaced by one write where it differs, under the
 * condition that the settler has not touched it since it was read. So readers see it as it was or as it should be, and traffic goes on.
 */
import { isDeepStrictEqual } from 'node:util';
import { getHead } from '../data/heads.ts';
import { putMessageState, UNTOUCHED, wipeEdit } from '../data/message-state.ts';
import { listPinRecords, replacePin } from '../data/pins.ts';
import type { RoomId } from '../protocol/ids.ts';
import { type FoldedMessage, LogFold } from './fold-log.ts';
import { type RebuildContext, rebuildMentions } from './rebuild-mentions.ts';
import { mendWords, sweepWords } from './rebuild-words.ts';
import { isOver } from './retention.ts';
import { walkLog } from './walk-log.ts';

/** How far a rebuild has come: what is said of messages up to this number is done. */
export interface RebuildTask {
  readonly room: RoomId;
  readonly after: number;
}

export interface RebuildStep {
  /** What is left; undefined where all is done. */
  readonly rest?: RebuildTask;
  /** Messages, or in the last step members, that were looked at. */
  readonly looked: number;
  /** Items that were not as the log says. */
  readonly mended: number;
  /** Number of the room's newest event. */
  readonly seq: number;
}

/**
 * Messages of one step: all changes of them are gathered in memory, a kilobyte for one that people react to. Each step reads the log from
 * the first of them to its end.
 */
const STEP_MESSAGES = 20_000;
/** Times that messages are looked at again, as the settler was faster. */
const MAX_TRIES = 10;
/** Messages whose words are compared at once. */
const WORDS_OF = 100;
/** Items that are compared and written at once. */
const AT_ONCE = 25;

/**
 * Does one step: so many messages after a number, or, behind the last, the mentions. Safe to repeat, and to begin anew anywhere.
 *
 * @param most messages of the step.
 * @throws {Error} where the settler was faster each time: whoever called calls again.
 */
export async function rebuildRoom(
  ctx: RebuildContext,
  { room, after }: RebuildTask,
  most = STEP_MESSAGES,
): Promise<RebuildStep> {
  const head = await getHead(ctx.chat, room);
  if (!head) return { looked: 0, mended: 0, seq: 0 };
  const { seq } = head;
  if (after >= seq) {
    const swept = ctx.search ? await sweepWords({ chat: ctx.chat, search: ctx.search }, room) : 0;
    const { looked, mended } = await rebuildMentions(ctx, head);
    return { looked, mended: mended + swept, seq };
  }
  let looked: number | undefined;
  let mended = 0;
  let last = seq;
  let only: ReadonlySet<number> | undefined;
  for (let tries = 0; only?.size !== 0; tries++) {
    if (tries === MAX_TRIES) throw new Error(`unable to rebuild ${room}; the settler was faster each time`);
    const fold = await gather(ctx, room, { after, most, only });
    const messages = fold.messages();
    looked ??= messages.length;
    last = fold.cut ?? last;
    const outcomes = await inPieces(messages, (message) => mend(ctx, room, message));
    only = new Set(outcomes.flatMap(({ outcome, seq }) => (outcome === 'outrun' ? [seq] : [])));
    mended += outcomes.filter(({ outcome }) => outcome === 'mended').length;
    mended += await mendPins(ctx, room, messages, { from: after + 1, to: last });
    // What beyond `settled` is missing in the index is the settler's.
    mended += await mendAllWords(ctx, room, messages, Math.min(last, head.settled));
  }
  return { rest: { room, after: last }, looked: looked ?? 0, mended, seq };
}

/** Reads the log from a number to its end, for the messages that come first. */
async function gather(
  ctx: RebuildContext,
  room: RoomId,
  {
    after,
    most,
    only,
  }: { readonly after: number; readonly most: number; readonly only: ReadonlySet<number> | undefined },
): Promise<LogFold> {
  // Before the log: what is settled now was applied to whatever is read later.
  const { settled = 0, seq = 0 } = (await getHead(ctx.chat, room)) ?? {};
  const fold = new LogFold({ settled, most, only });
  for await (const committed of walkLog(ctx, room, { from: after + 1, to: seq })) {
    if (!isOver(ctx, committed)) fold.add(committed);
  }
  return fold;
}

interface Mended {
  readonly seq: number;
  readonly outcome: 'as it should be' | 'mended' | 'outrun';
}

async function mend(
  ctx: RebuildContext,
  room: RoomId,
  { stored, state, edits }: FoldedMessage,
): Promise<Mended> {
  const { seq } = stored.event;
  const isDeleted = state.deleted !== undefined;
  // Of what is deleted no text may be left, neither its own nor its edits'.
  if (isDeleted) for (const edit of edits) await wipeEdit(ctx.chat, room, edit);
  const isSame =
    isDeepStrictEqual(stored.state ?? UNTOUCHED, state) && isDeleted === (stored.event.deleted ?? false);
  if (isSame) return { seq, outcome: isDeleted && edits.length > 0 ? 'mended' : 'as it should be' };
  return { seq, outcome: (await putMessageState(ctx.chat, room, stored, state)) ? 'mended' : 'outrun' };
}

/** @returns how many pins were not as they should be. */
async function mendPins(
  ctx: RebuildContext,
  room: RoomId,
  messages: readonly FoldedMessage[],
  stretch: { readonly from: number; readonly to: number },
): Promise<number> {
  const records = new Map((await listPinRecords(ctx.chat, room, stretch)).map((pin) => [pin.seq, pin]));
  const wrong = messages.filter(({ stored, state, pinAsOf }) => {
    const before = records.get(stored.event.seq);
    const isPinned = before?.pinned === true && !isOver(ctx, before);
    // What the settler has said since is newer than the log that was read.
    return isPinned !== (state.pinned !== undefined) && (before?.asOf ?? 0) <= pinAsOf;
  });
  const written = await inPieces(wrong, ({ stored, state, pinAsOf: asOf }) => {
    const { seq } = stored.event;
    const pin = { seq, pinned: state.pinned !== undefined, asOf, until: stored.expiresAt };
    return replacePin(ctx.chat, room, pin, records.get(seq)?.asOf, ctx.now());
  });
  return written.filter(Boolean).length;
}

/** @returns how many words were missing. */
async function mendAllWords(
  { chat, search }: RebuildContext,
  room: RoomId,
  messages: readonly FoldedMessage[],
  to: number,
): Promise<number> {
  if (!search) return 0;
  const seqs = messages.map(({ stored }) => stored.event.seq).filter((seq) => seq <= to);
  let mended = 0;
  for (let from = 0; from < seqs.length; from += WORDS_OF) {
    mended += await mendWords({ chat, search }, room, seqs.slice(from, from + WORDS_OF));
  }
  return mended;
}

async function inPieces<T, R>(list: readonly T[], run: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let from = 0; from < list.length; from += AT_ONCE) {
    results.push(...(await Promise.all(list.slice(from, from + AT_ONCE).map(run))));
  }
  return results;
}
