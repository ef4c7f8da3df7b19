/** The two writes that a head ever sees after its first: committing one more event, and moving `settled`. */
import type { ClientId, RoomId, UserId } from '../protocol/ids.ts';
import type { Committed, EventBody } from './events.ts';
import {
  APPENDED,
  type AppendKey,
  type Change,
  type Head,
  keysText,
  lastOf,
  marksOf,
  moveOf,
  ownersAfter,
  raisesGuard,
  SETTLED,
  toHead,
  WHOLE_ROOM,
} from './heads.ts';
import { chatKeys } from './keys.ts';
import { countInHead, type RoomLimit } from './room-rate.ts';
import { ConditionFailed, type Item, ignoreFailedCondition, type Table, type Update } from './table.ts';

/**
 * Events that may be committed and not settled, at most. Beyond it appends are refused until the settler catches up: a key
 * takes up to 97 bytes, so that a full head stays within 400 KB with its changes.
 */
export const MAX_PENDING = 1_000;

/** What an author saw before it commits; the condition holds the head to it. */
export type SeenHead = Pick<Head, 'settled' | 'guard' | 'changes' | 'owners' | 'taken'>;

export interface Commit {
  readonly room: RoomId;
  readonly key: AppendKey;
  readonly body: EventBody;
  readonly user: UserId;
  readonly at: string;
  /** The client's own id, where it gave one. */
  readonly id?: ClientId;
  readonly change: Change | undefined;
  /** How long the event is kept. */
  readonly kept?: Pick<Committed, 'expiresAt' | 'textUntil'>;
  readonly seen: SeenHead;
  /** How many such events the room takes within this second; undefined: any number. */
  readonly limit?: RoomLimit | undefined;
  /**
   * What keeps rights that were withdrawn since `seen` from being used.
   * - `guard`: no withdrawal from anyone. The rights may have been read long ago, under the same `guard`.
   * - `moves`: nothing that is about this member or the whole room. The rights were read after `seen`. Others may join
   *   and leave meanwhile.
   */
  readonly hold: {
    readonly guard: boolean;
    readonly moves?: UserId;
    /** Whether `settled` may have moved on once since `seen`: where that was a while ago, and the rights rest on the guard. */
    readonly settledOnce: boolean;
  };
}

/** The head after a commit, or as it stood when it refused; `undefined` where there is none. */
export type CommitResult =
  | { readonly committed: true; readonly head: Head }
  | { readonly committed: false; readonly head: Head | undefined };

/** The one write that commits an event (P1, P2, P3, P6). */
export async function commitEvent(table: Table, commit: Commit): Promise<CommitResult> {
  try {
    const item = await table.update(chatKeys.head(commit.room), commitUpdate(commit));
    return { committed: true, head: toHead(item) };
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    return { committed: false, head: error.item && toHead(error.item) };
  }
}

/**
 * What holds the head to the `settled` that was seen before the claim was read (P3). It may have moved once since: the keys that it
 * moved past are in `recent` then, so that one of them is noticed there instead. Without this a commit of every warm handler would
 * fail each time that `settled` moves.
 */
const SETTLED_OR_JUST_BEFORE =
  '(#settled = :settled OR (#before = :settled AND NOT contains(#recent, :keyText)))';

function commitUpdate({ key, body, user, at, id, change, kept, seen, limit, hold }: Commit): Update {
  const sets = [
    '#seq = #seq + :one',
    '#n = #n + :messages',
    '#last = :last',
    '#pending = list_append(#pending, :keys)',
    '#op = :op',
  ];
  const conditions = [
    hold.settledOnce ? SETTLED_OR_JUST_BEFORE : '#settled = :settled',
    'NOT contains(#pending, :key)',
    'size(#pending) < :maxPending',
  ];
  const names: Record<string, string> = {
    '#seq': 'seq',
    '#n': 'n',
    '#last': 'last',
    '#pending': 'pending',
    '#op': 'op',
    '#settled': 'settled',
  };
  const values: Record<string, unknown> = {
    ':one': 1,
    ':messages': body.type === 'message.created' ? 1 : 0,
    ':last': lastOf(body, { user, at, ...(id === undefined ? {} : { id }) }, kept),
    ':keys': [key],
    ':key': key,
    ':op': APPENDED,
    ':settled': seen.settled,
    ':maxPending': MAX_PENDING,
  };
  const count = limit && countInHead(limit, seen.taken);
  if (count) {
    sets.push(...count.sets);
    conditions.push(...count.conditions);
    Object.assign(names, count.names);
    Object.assign(values, count.values);
  }
  if (hold.settledOnce) {
    names['#before'] = 'before';
    names['#recent'] = 'recent';
    values[':keyText'] = keysText([key]);
  }
  if (body.type === 'message.created') {
    sets.push('#message = #seq + :one');
    names['#message'] = 'message';
  }
  if (body.type === 'message.created' && body.everyone) {
    sets.push('#called = #seq + :one', '#calledBy = :user');
    names['#called'] = 'called';
    names['#calledBy'] = 'calledBy';
    values[':user'] = user;
  }
  for (const [name, value] of Object.entries(marksOf(body))) {
    sets.push(`#${name} = :${name}`);
    names[`#${name}`] = name;
    values[`:${name}`] = value;
  }
  if (hold.guard) {
    conditions.push('#guard = :guard');
    names['#guard'] = 'guard';
    values[':guard'] = seen.guard;
  }
  if (hold.moves !== undefined) {
    conditions.push(
      '(size(#moves) = :moves OR (NOT contains(#moves, :member) AND NOT contains(#moves, :wholeRoom)))',
    );
    names['#moves'] = 'moves';
    values[':moves'] = seen.changes.length;
    values[':member'] = hold.moves;
    values[':wholeRoom'] = WHOLE_ROOM;
  }
  if (change) {
    sets.push(
      '#changes = list_append(#changes, :changes)',
      '#moves = list_append(#moves, :newMoves)',
      ...(raisesGuard(change) ? ['#guard = #guard + :one'] : []),
    );
    names['#changes'] = 'changes';
    names['#moves'] = 'moves';
    values[':changes'] = [change];
    values[':newMoves'] = [moveOf(change)];
    if (raisesGuard(change)) names['#guard'] = 'guard';
    const owners = ownersAfter(seen.owners, change);
    if (owners !== seen.owners && owners.join() !== seen.owners.join()) {
      sets.push('#owners = :owners');
      names['#owners'] = 'owners';
      values[':owners'] = owners;
    }
  }
  const removes = count?.removes ?? [];
  return {
    update: `SET ${sets.join(', ')}${removes.length === 0 ? '' : ` REMOVE ${removes.join(', ')}`}`,
    condition: conditions.join(' AND '),
    names,
    values,
    returns: 'ALL_NEW',
  };
}

/** Commits a room's first event by putting its head. */
export async function commitFirst(table: Table, first: Item): Promise<CommitResult> {
  try {
    await table.put(first, { condition: 'attribute_not_exists(pk)' });
    return { committed: true, head: toHead(first) };
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    return { committed: false, head: error.item && toHead(error.item) };
  }
}

/** Takes out of the head what its newest event said, whose time is over; its number and its author stay. */
export async function forgetLast(table: Table, room: RoomId, seq: number): Promise<void> {
  await ignoreFailedCondition(
    table.update(chatKeys.head(room), {
      // Not an append: the stream's readers must not take the newest event for one more.
      update:
        'SET #last.#text = :nothing, #last.#deleted = :true, #op = :op REMOVE #last.#attachments, #last.#mentions',
      condition: '#seq = :seq AND attribute_exists(#last.#text)',
      names: {
        '#last': 'last',
        '#text': 'text',
        '#deleted': 'deleted',
        '#attachments': 'attachments',
        '#mentions': 'mentions',
        '#op': 'op',
        '#seq': 'seq',
      },
      values: { ':nothing': '', ':true': true, ':op': SETTLED, ':seq': seq },
    }),
  );
}

/** Elements that one update drops from a list, at most: an update expression may be 4 KB long and hold 300 operands. */
const MAX_DROPPED = 100;

/**
 * Moves `settled` one step towards `to`, from where `head` stands, and drops the keys and changes that are settled by it. The caller
 * goes on from the head that it gets until `settled` has reached `to`.
 */
export async function moveSettled(table: Table, head: Head, to: number): Promise<Head | undefined> {
  const step = stepTowards(head, to);
  const settled = head.settled + step;
  const changes = head.changes.filter((change) => change.seq <= settled).length;
  const dropped = [
    ...firstElements('#pending', step),
    ...firstElements('#changes', changes),
    ...firstElements('#moves', changes),
  ];
  try {
    const item = await table.update(chatKeys.head(head.room), {
      update: `SET #settled = :to, #before = :from, #recent = :keys, #op = :op REMOVE ${dropped.join(', ')}`,
      condition: '#settled = :from',
      names: {
        '#settled': 'settled',
        '#before': 'before',
        '#recent': 'recent',
        '#op': 'op',
        '#pending': 'pending',
        ...(changes > 0 ? { '#changes': 'changes', '#moves': 'moves' } : {}),
      },
      values: {
        ':to': settled,
        ':from': head.settled,
        ':keys': keysText(head.pending.slice(0, step)),
        ':op': SETTLED,
      },
      returns: 'ALL_NEW',
    });
    return toHead(item);
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    // Another run was here, or this very write before its answer was lost: the head says how far.
    return error.item && toHead(error.item);
  }
}

/**
 * The first elements of a list, for `REMOVE`. The last comes first: DynamoDB counts as before the update, but dynoxide 1.2 drops one
 * after the other and counts anew, and in this order both mean the same.
 */
function firstElements(list: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${list}[${count - 1 - i}]`);
}

/** How many events one update can settle. */
function stepTowards(head: Head, to: number): number {
  const step = Math.min(to - head.settled, MAX_DROPPED);
  const elements = (count: number) =>
    count + 2 * head.changes.filter((change) => change.seq <= head.settled + count).length;
  let fitting = step;
  while (fitting > 1 && elements(fitting) > MAX_DROPPED) fitting--;
  return fitting;
}
