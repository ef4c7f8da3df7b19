/**
 * The append: how every event gets into a room's log. The design and its proof are in docs/data-model.md, "The append".
 */
import { getClaim } from '../data/claims.ts';
import { type Committed, type EventBody, putEvent } from '../data/events.ts';
import { MAX_PENDING } from '../data/head-writes.ts';
import { type AppendKey, appendKey, getHead, type Head, pendingSeq } from '../data/heads.ts';
import { getMembershipRecord, type MembershipRecord, type Standing } from '../data/memberships.ts';
import { ParleyError } from '../protocol/errors.ts';
import type { RoomEvent } from '../protocol/events.ts';
import type { ClientId, RoomId, UserId } from '../protocol/ids.ts';
import { commit, isMove } from './commit.ts';
import type { ChatContext } from './context.ts';
import { missingRefusal, refusing } from './refusals.ts';
import { refuseFullRoom, roomLimitOf } from './room-limit.ts';
import { type HeadView, recall, rememberHead, rememberStanding } from './room-memory.ts';
import { isExpired, settleExpired } from './settle-expired.ts';
import { standingOf } from './standing.ts';
import { storedEvent } from './stored-event.ts';

/** Under which `id` an event is to be appended, by whom, and where. */
export interface Author {
  readonly room: RoomId;
  readonly user: UserId;
  /** The client's own id; without it the service picks one. */
  readonly id?: ClientId;
}

export interface AppendRequest extends Author {
  /** For the text of a refusal: `unable to <operation>; …`. */
  readonly operation: string;
  readonly body: EventBody;
  /**
   * Throws where the author may not do this. Runs after the head was seen, perhaps more than once, and what it judged by holds until
   * the commit, or the commit fails: the author's standing, the head, and whatever it reads itself that only events change.
   *
   * @param key under which the event will be committed: the same each time, and for a repeat with the same `id`.
   */
  authorise(
    standing: Standing | undefined,
    head: HeadView,
    key: AppendKey,
  ): Amendment | undefined | Promise<Amendment | undefined>;
}

/** What follows for the event from what it was authorised by. */
export interface Amendment {
  /** In place of the request's. */
  readonly body?: EventBody;
  /** Epoch milliseconds; the moment of the commit without it. */
  readonly at?: number;
  /** Of an edit: until when its message is kept, epoch seconds. */
  readonly textUntil?: number | undefined;
}

export interface Appended extends Committed {
  readonly seq: number;
  readonly at: string;
  readonly event: RoomEvent;
  /** The same `id` had made this event before (P3). */
  readonly duplicate: boolean;
}

/** What an author knows before a commit. */
interface Look {
  /** Undefined where the room does not exist. */
  readonly view: HeadView | undefined;
  readonly standing: Standing | undefined;
  /** The number that this id has got already; with the head where that is in its `pending`. */
  readonly duplicate?: { readonly seq: number; readonly head?: Head | undefined };
  /** Whether the standing was read after `view`, not remembered from an earlier one under the same guard. */
  readonly fresh: boolean;
  /** Whether the view is remembered, so that the head may have moved on since. */
  readonly remembered: boolean;
}

/** An append whose first reads are under way. */
export interface PreparedAppend {
  readonly key: AppendKey;
  readonly look: Promise<Look>;
}

/**
 * Commits of one append that may fail because the head moved, at most. Each failure brings the head's new state along, so only a
 * settled batch or a withdrawal in just that moment makes the next one fail too.
 */
const MAX_TRIES = 20;

/**
 * Starts the reads of an append, so that a handler can make them while it does something else. What is read decides nothing
 * alone: it may be dropped at any time.
 */
export function prepareAppend(ctx: ChatContext, author: Author): PreparedAppend {
  const key = appendKey(author.user, author.id ?? (ctx.newId() as ClientId));
  const look = firstLook(ctx, author, key);
  // Whoever awaits the append hears of it; an append that is dropped must not end the process.
  look.catch(() => {});
  return { key, look };
}

async function firstLook(ctx: ChatContext, author: Author, key: AppendKey): Promise<Look> {
  const { room, user } = author;
  const remembered = recall(ctx.chat, room, user);
  if (!remembered) return freshLook(ctx, author, key);
  const { view } = remembered;
  const [seq, record] = await Promise.all([
    // The claim is read after `settled` was seen, as in `lookFrom`; a new id of the service's own has none yet.
    author.id === undefined ? undefined : getClaim(ctx.chat, room, key),
    remembered.standing ? undefined : getMembershipRecord(ctx.chat, user, room),
  ]);
  const standing = remembered.standing ?? standingOf(user, record, view.changes);
  // A join does not raise the guard: of one that is not stored yet only today's head knows.
  if (!standing) return strangersLook(ctx, author, key, { view, record, seq });
  rememberStanding(ctx.chat, view, user, standing);
  return {
    view,
    standing,
    fresh: false,
    remembered: true,
    ...(seq === undefined ? {} : { duplicate: { seq } }),
  };
}

/**
 * The look of who is no member as far as a remembered head tells: as many calls, one after another, as where the room is not
 * remembered or does not exist, so that time does not tell of a hidden room (P8). What was read already is as good as new while
 * `settled` stands where it stood: every change up to there was in the item, and every claim was there.
 */
async function strangersLook(
  ctx: ChatContext,
  author: Author,
  key: AppendKey,
  read: {
    readonly view: HeadView;
    readonly record: MembershipRecord | undefined;
    readonly seq: number | undefined;
  },
): Promise<Look> {
  const { room, user, id } = author;
  const [head, claimed] = await Promise.all([
    getHead(ctx.chat, room),
    id === undefined ? getClaim(ctx.chat, room, key) : read.seq,
  ]);
  if (head?.settled !== read.view.settled || pendingSeq(head, key) !== undefined) {
    return lookFrom(ctx, author, key, head);
  }
  const standing = standingOf(user, read.record, head.changes);
  const view = rememberHead(ctx.chat, head);
  if (standing) rememberStanding(ctx.chat, view, user, standing);
  const duplicate = claimed === undefined ? {} : { duplicate: { seq: claimed } };
  return { view, standing, fresh: true, remembered: false, ...duplicate };
}

async function freshLook(ctx: ChatContext, author: Author, key: AppendKey): Promise<Look> {
  return lookFrom(ctx, author, key, await getHead(ctx.chat, author.room));
}

/**
 * Reads what there is to know under a head that was just seen. **The head comes first, then the claim**: that order is what once
 * only (P3) rests on. The commit will hold the head to this `settled`. An earlier event under the same key is then either beyond
 * `settled`, so that its key is in `pending` (or in `recent`, if `settled` moved on meanwhile) and the commit fails; or not beyond
 * it, so that its claim was there before `settled` got so far, hence before the claim is read here. Read the other way round, an
 * event could be committed and settled between the two reads, and its key would be found in neither. The standing is read after the
 * head for the like reason (P6).
 *
 * @param known a standing that holds under this head's guard, so that it needn't be read.
 */
async function lookFrom(
  ctx: ChatContext,
  { room, user }: Author,
  key: AppendKey,
  head: Head | undefined,
  known?: Standing,
): Promise<Look> {
  const view = head && rememberHead(ctx.chat, head);
  const seen = { view, fresh: !known, remembered: false };
  const number = head && pendingSeq(head, key);
  if (number !== undefined) {
    return { ...seen, standing: known, duplicate: { seq: number, head } };
  }
  const [claimed, record] = await Promise.all([
    // Also for an id of the service's own: the table client sends a write again when its answer was lost, so this very
    // append may have been committed, and settled, before it failed.
    getClaim(ctx.chat, room, key),
    known ? undefined : getMembershipRecord(ctx.chat, user, room),
  ]);
  const standing = known ?? standingOf(user, record, view?.changes ?? []);
  if (view && standing) rememberStanding(ctx.chat, view, user, standing);
  return { ...seen, standing, ...(claimed === undefined ? {} : { duplicate: { seq: claimed } }) };
}

/**
 * Appends one event to a room's log and stores it, once per `id` (P1, P2, P3, P6).
 *
 * @returns the event's number and time; with `duplicate` those of the event that the same `id` made before.
 * @throws {ParleyError} what `authorise` throws; `not_found` where there is no such room; `rate_limited` where it takes no more within
 *   this second; `unavailable` where too much is unsettled, the
 *   room moves too fast or the storage does not answer: safe to send again with the same `id`.
 */
export function append(
  ctx: ChatContext,
  request: AppendRequest,
  prepared: PreparedAppend = prepareAppend(ctx, request),
): Promise<Appended> {
  return refusing(request.operation, () => appendPrepared(ctx, request, prepared));
}

async function appendPrepared(
  ctx: ChatContext,
  request: AppendRequest,
  { key, look: first }: PreparedAppend,
): Promise<Appended> {
  const { room, operation } = request;
  let look = await first;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    if (look.duplicate) {
      const { seq, head } = look.duplicate;
      const first = await findDuplicate(ctx, request, look.duplicate);
      if (!head || !isExpired(ctx, first)) return answer(first, true);
      await settleExpired(ctx, head, seq, operation);
      look = await freshLook(ctx, request, key);
      continue;
    }
    const { view } = look;
    if (!view || view.deleted) throw await missingRefusal(ctx, room, operation);
    let amendment: Amendment;
    try {
      amendment = (await request.authorise(look.standing, view, key)) ?? {};
      refuseFullRoom(ctx, request.body, view, operation);
    } catch (error) {
      // What is remembered may lag behind a right that was granted, or miss that this very id was committed before.
      if (look.fresh) throw error;
      look = await freshLook(ctx, request, key);
      continue;
    }
    const { body = request.body, at = ctx.now(), textUntil } = amendment;
    const limit = roomLimitOf(ctx, body);
    const result = await commit(ctx, { ...request, body, at, textUntil, limit }, key, { ...look, view });
    if (result.committed) {
      rememberHead(ctx.chat, result.head);
      await putEvent(ctx.chat, room, result.head.last);
      return answer(result.head.last, false);
    }
    const { head } = result;
    // The failure brought the head along: go on from there.
    const known = head?.guard === view.guard && !isMove(body) ? look.standing : undefined;
    look = await lookFrom(ctx, request, key, head, known);
    if (!look.duplicate && head && head.pending.length >= MAX_PENDING) {
      throw new ParleyError('unavailable', operation, 'the room is catching up; send it again');
    }
  }
  throw new ParleyError('unavailable', operation, 'the room is too busy; send it again');
}

/** The event that the same id made before, stored. */
async function findDuplicate(
  ctx: ChatContext,
  { room, operation }: AppendRequest,
  { seq, head }: NonNullable<Look['duplicate']>,
): Promise<Committed> {
  if (head?.seq !== seq) return storedEvent(ctx, room, seq, operation);
  await putEvent(ctx.chat, room, head.last);
  return head.last;
}

function answer(committed: Committed, duplicate: boolean): Appended {
  const { seq, at } = committed.event;
  return { ...committed, seq, at, duplicate };
}
