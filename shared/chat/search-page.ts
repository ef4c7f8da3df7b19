/** One page of hits from several rooms, merged by time, the newest first. */
import type { Head } from '../data/heads.ts';
import type { RoomId, UserId } from '../protocol/ids.ts';
import { createBudget } from './search-budget.ts';
import { type Hit, openRoom, type RoomHits, type SearchContext } from './search-room.ts';
import type { Terms } from './search-terms.ts';

/** Rooms that are opened together. */
const ROOMS_AT_ONCE = 16;
/** What a page may read beyond the opening of its rooms, and what each room adds (search-budget.ts). */
const PAGE_UNITS = 14;
const ROOM_UNITS = 2;
/** Messages that are looked at together in each of several rooms: most of them give few hits to a page. */
const TOGETHER = 10;
/** In one room: what the budget is charged for at once, to the most that one call to the table looks up. */
const LEAST_ALONE = 25;
const MAX_TOGETHER = 100;

/** A room to search. */
export interface Place {
  readonly head: Head;
  /** Where an earlier page stopped in it: only messages with a smaller number. */
  readonly before: number | undefined;
}

export interface PageQuery {
  readonly terms: Terms;
  readonly from: UserId | undefined;
  readonly limit: number;
  /** Time of the last hit of the page before: nothing newer is given, though it may have been written since. */
  readonly notAfter: string | undefined;
}

export interface FoundHit extends Hit {
  readonly room: RoomId;
}

export interface HitPage {
  readonly found: readonly FoundHit[];
  /** Where the next page goes on in each room that was looked at; undefined where there is none. */
  readonly positions: ReadonlyMap<RoomId, number> | undefined;
}

interface OpenPlace {
  readonly place: Place;
  readonly hits: RoomHits;
}

/**
 * Opens rooms as they are needed: one whose last event is older than a hit can't have a newer one. Where the budget ends, so does the
 * page: it may be short, or empty, and have a next one.
 */
export async function readPage(
  ctx: SearchContext,
  places: readonly Place[],
  query: PageQuery,
): Promise<HitPage> {
  const { terms, from, limit, notAfter } = query;
  const budget = createBudget(PAGE_UNITS);
  const alone = Math.min(Math.max(limit + 1, LEAST_ALONE), MAX_TOGETHER);
  const together = places.length === 1 ? alone : TOGETHER;
  let waiting = [...places].sort((a, b) => compare(newestAt(b), newestAt(a)));
  const open: OpenPlace[] = [];
  const found: FoundHit[] = [];

  async function openOne(place: Place): Promise<OpenPlace> {
    const { head, before = Number.POSITIVE_INFINITY } = place;
    const hits = await openRoom(ctx, { head, terms, from, before, together }, budget);
    if (place.before === undefined && notAfter !== undefined) {
      while ((hits.peek()?.message.event.at ?? '') > notAfter) await hits.advance();
    }
    return { place, hits };
  }

  while (found.length < limit) {
    const best = newestOf(open);
    const due = waiting.filter((place) => !best || newestAt(place) >= best.hit.message.event.at);
    if (due.length > 0) {
      if (open.length > 0 && budget.isSpent()) break;
      const next = waiting.slice(0, Math.min(due.length, ROOMS_AT_ONCE));
      waiting = waiting.slice(next.length);
      budget.add(ROOM_UNITS * next.length);
      open.push(...(await Promise.all(next.map(openOne))));
      continue;
    }
    // A room that was not read to its next hit may have one that is newer.
    if (!best || open.some(({ hits }) => hits.isSpent() && hits.reachedAt() > best.hit.message.event.at))
      break;
    found.push({ ...best.hit, room: best.place.head.room });
    await best.hits.advance();
  }
  const isMore = waiting.length > 0 || open.some(({ hits }) => hits.isSpent() || hits.peek() !== undefined);
  if (!isMore) return { found, positions: undefined };
  const kept = waiting.flatMap(({ head, before }) =>
    before === undefined ? [] : [[head.room, before] as const],
  );
  const reached = open.map(({ place, hits }) => [place.head.room, hits.position()] as const);
  return { found, positions: new Map([...kept, ...reached]) };
}

function newestAt({ head }: Place): string {
  return head.last.event.at;
}

function newestOf(open: readonly OpenPlace[]): (OpenPlace & { readonly hit: Hit }) | undefined {
  let best: (OpenPlace & { readonly hit: Hit }) | undefined;
  for (const one of open) {
    const hit = one.hits.peek();
    if (hit && (!best || hit.message.event.at > best.hit.message.event.at)) best = { ...one, hit };
  }
  return best;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
