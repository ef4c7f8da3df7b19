/** Puts one user id in the place of another wherever the items of a room hold it: what is left of a deleted user is a pseudonym. */
import type { RoomId, UserId } from '../protocol/ids.ts';
import { SETTLED } from './heads.ts';
import { BAN_PREFIX, chatKeys, EVENT_PREFIX, HEAD, REPORT_PREFIX, WANTS_ALL_PREFIX } from './keys.ts';
import { ConditionFailed, type Item, type Table } from './table.ts';

export interface Renaming {
  readonly from: UserId;
  readonly to: UserId;
}

/** Fields that hold user ids, one or a list of them, at any depth. Texts are not looked at: what someone wrote stays as written. */
const USER_FIELDS = new Set([
  'user',
  'users',
  'member',
  'by',
  'mentions',
  'owners',
  'pair',
  'participants',
  'uploader',
]);

/** The item's value with the names changed; the very same value where it holds none. */
export function renamed(value: unknown, renaming: Renaming, field = ''): unknown {
  const { from, to } = renaming;
  if (typeof value === 'string') return value === from && USER_FIELDS.has(field) ? to : value;
  if (Array.isArray(value)) {
    const list = value.map((one) => renamed(one, renaming, field));
    return list.some((one, index) => one !== value[index]) ? list : value;
  }
  if (value instanceof Set) {
    return USER_FIELDS.has(field) && value.has(from)
      ? new Set([...value].map((one) => (one === from ? to : one)))
      : value;
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const next = entries.map(([name, one]) => [name, renamed(one, renaming, name)] as const);
  return next.some(([, one], index) => one !== entries[index]?.[1]) ? Object.fromEntries(next) : value;
}

/** Items in one page of a walk. */
const PAGE = 200;
/** Beyond every event's sort key, and beyond every sort key. */
const AFTER_EVENTS = `${EVENT_PREFIX}~`;
const AFTER_ALL = '~';

/**
 * A page of all that is stored of a room, by sort key, but for the events before number `since`.
 *
 * @param after what the page before ended with; undefined for the first.
 * @returns `end`: what the next page begins after; undefined where there is none.
 */
export async function pageRoomItems(
  table: Table,
  room: RoomId,
  { since, after = '' }: { readonly since: number; readonly after?: string | undefined },
): Promise<{ readonly items: readonly Item[]; readonly end: string | undefined }> {
  const { pk, sk: firstEvent } = chatKeys.event(room, since);
  const [from, to] =
    after < EVENT_PREFIX
      ? [after || '!', EVENT_PREFIX]
      : after < AFTER_EVENTS
        ? [after > firstEvent ? after : firstEvent, AFTER_EVENTS]
        : [after, AFTER_ALL];
  const { items, next } = await table.query({
    where: 'pk = :pk AND sk BETWEEN :from AND :to',
    values: { ':pk': pk, ':from': from, ':to': to },
    limit: PAGE,
  });
  const rest = to === AFTER_ALL ? undefined : to;
  return { items: items.filter(({ sk }) => sk !== after), end: next ? String(next.sk) : rest };
}

/** Number of the last event among a page's items; 0 where there is none. */
export function lastEventOf(items: readonly Item[]): number {
  return items.reduce(
    (last, { sk, seq }) => (sk.startsWith(EVENT_PREFIX) ? Math.max(last, Number(seq)) : last),
    0,
  );
}

/**
 * Changes the names in one item that is not the head. Safe to repeat; an item that was changed meanwhile is read again.
 *
 * @param settled of the room: a change of rights beyond it has yet to be applied to the user whom it names, so it stays.
 * @returns whether the name was found.
 */
export async function renameInItem(
  table: Table,
  item: Item,
  renaming: Renaming,
  settled: number,
): Promise<boolean> {
  const isChange = /^(member|room)\./.test(String(item.type));
  if (item.sk === HEAD || (isChange && item.sk.startsWith(EVENT_PREFIX) && Number(item.seq) > settled))
    return false;
  if (await renameKey(table, item, renaming)) return true;
  let found = false;
  for (let current: Item | undefined = item; current; ) {
    const changed = Object.entries(current).flatMap(([name, value]) => {
      const next = renamed(value, renaming, name);
      return next === value ? [] : [{ name, value, next }];
    });
    if (changed.length === 0) break;
    found = true;
    current = await replaceFields(table, current, changed);
  }
  return found;
}

/** @returns the item as it is, where it was changed meanwhile. */
async function replaceFields(
  table: Table,
  { pk, sk }: Item,
  changed: readonly { readonly name: string; readonly value: unknown; readonly next: unknown }[],
): Promise<Item | undefined> {
  const each = (text: (index: number) => string) => changed.map((_, index) => text(index));
  try {
    await table.update(
      { pk, sk },
      {
        update: `SET ${each((index) => `#f${index} = :next${index}`).join(', ')}`,
        condition: each((index) => `#f${index} = :old${index}`).join(' AND '),
        names: Object.fromEntries(changed.map(({ name }, index) => [`#f${index}`, name])),
        values: Object.fromEntries(
          changed.flatMap(({ value, next }, index) => [
            [`:old${index}`, value],
            [`:next${index}`, next],
          ]),
        ),
      },
    );
    return undefined;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    return error.item;
  }
}

/** @returns whether the name stood in the key, so that the item is gone from there. */
async function renameKey(table: Table, item: Item, { from, to }: Renaming): Promise<boolean> {
  const { pk, sk } = item;
  // What only keeps a user in check has nobody to keep any more: claims of its ids, its turns, a ban; nor have its wishes.
  const ofUser =
    [`ID#${from}#`].some((prefix) => sk.startsWith(prefix)) ||
    [`${BAN_PREFIX}${from}`, `TURN#${from}`, `${WANTS_ALL_PREFIX}${from}`].includes(sk);
  if (ofUser) {
    await table.delete({ pk, sk });
    return true;
  }
  if (!sk.startsWith(REPORT_PREFIX) || !sk.endsWith(`#${from}`)) return false;
  await table.put({ ...item, sk: `${sk.slice(0, -from.length)}${to}`, user: to });
  await table.delete({ pk, sk });
  return true;
}

/**
 * Changes the names in a room's head: in the newest event, in the keys of settled ones, among the two of a direct room.
 *
 * @returns false where something of the user is not settled yet: its keys must stay until it is.
 */
export async function renameInHead(table: Table, room: RoomId, renaming: Renaming): Promise<boolean> {
  const { from, to } = renaming;
  const ofUser = (key: unknown) => String(key).startsWith(`${from}#`);
  for (let head = await table.get(chatKeys.head(room)); head; ) {
    const { last, recent, pair, pending, moves, calledBy } = head;
    if (Array.isArray(pending) && pending.some(ofUser)) return false;
    if (Array.isArray(moves) && moves.includes(from)) return false;
    const fields = {
      last: renamed(last, renaming),
      recent: String(recent).replaceAll(` ${from}#`, ` ${to}#`),
      pair: renamed(pair, renaming, 'pair'),
      calledBy: renamed(calledBy, renaming, 'by'),
    };
    const changed = Object.entries(fields).flatMap(([name, next]) =>
      next === head?.[name] ? [] : [{ name, value: head?.[name], next }],
    );
    if (changed.length === 0) return true;
    // Not an append: the stream's readers must not take the newest event for one more.
    changed.push({ name: 'op', value: head.op, next: SETTLED });
    head = await replaceFields(table, head, changed);
  }
  return true;
}
