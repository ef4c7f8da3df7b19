/**
 * What a warm handler remembers of rooms between two events, so that an append needs no read of the head or the membership. It can
 * only be old, never wrong: a commit holds the head to what is remembered here, and fails where that has moved.
 */
import type { Head } from '../data/heads.ts';
import type { Standing } from '../data/memberships.ts';
import type { Table } from '../data/table.ts';
import type { RoomId, UserId } from '../protocol/ids.ts';

/** The head without its lists of keys and its newest event. */
export type HeadView = Omit<Head, 'pending' | 'last'>;

interface Remembered {
  readonly view: HeadView;
  /** Members' standings; good for as long as `view.guard` stands. */
  readonly standings: Map<UserId, Standing>;
}

/** Rooms and members a room that are remembered; who was not met for longest is forgotten first. About 20 MB at most. */
const MAX_ROOMS = 500;
const MAX_MEMBERS = 200;

const memories = new WeakMap<Table, Map<RoomId, Remembered>>();

function memoryOf(table: Table): Map<RoomId, Remembered> {
  let memory = memories.get(table);
  if (!memory) {
    memory = new Map();
    memories.set(table, memory);
  }
  return memory;
}

function touch<K, V>(map: Map<K, V>, key: K, value: V, most: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= most) return;
  const oldest = map.keys().next();
  if (!oldest.done) map.delete(oldest.value);
}

/** What is remembered of a room, and of one of its members. */
export function recall(
  table: Table,
  room: RoomId,
  user: UserId,
): { readonly view: HeadView; readonly standing: Standing | undefined } | undefined {
  const remembered = memoryOf(table).get(room);
  return remembered && { view: remembered.view, standing: remembered.standings.get(user) };
}

/** Remembers a head; an older one than what is remembered is ignored. */
export function rememberHead(table: Table, head: Head): HeadView {
  const { pending: _, last: __, ...view } = head;
  const memory = memoryOf(table);
  const before = memory.get(head.room);
  if (before && (before.view.seq > view.seq || before.view.settled > view.settled)) return view;
  const standings = before && before.view.guard === view.guard ? before.standings : new Map();
  touch(memory, head.room, { view, standings }, MAX_ROOMS);
  return view;
}

/** Remembers a standing that was read after `view`, if that view's guard still stands here. */
export function rememberStanding(table: Table, view: HeadView, user: UserId, standing: Standing): void {
  const remembered = memoryOf(table).get(view.room);
  if (remembered?.view.guard === view.guard) touch(remembered.standings, user, standing, MAX_MEMBERS);
}
