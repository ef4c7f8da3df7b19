import type { RoomEvent, SyncedRoom } from '../helper/wire.ts';
import type { Command, History, Occurrence } from './history.ts';

/** What came of an attempt, and when: the number that it got, or the code that it was refused with. */
export type Outcome =
  | { readonly time: number; readonly seq: number; readonly at: string }
  | { readonly time: number; readonly code: string };

/** An attempt of a command. Without an outcome its connection was gone before. */
export interface Attempt {
  readonly user: string;
  readonly command: Command;
  readonly asked: number;
  outcome?: Outcome;
}

export interface Heard {
  readonly time: number;
  readonly event: RoomEvent;
}

export interface ConnectionFacts {
  readonly user: string;
  readonly device: string;
  /** When the client saw it open; undefined where it never did. */
  opened?: number;
  /** When it was closed; undefined while it lives. */
  closed?: { readonly time: number; readonly by: 'client' | 'service'; readonly code: number };
  /** What was delivered, by room, in the order of arrival. */
  readonly heard: Map<string, Heard[]>;
}

export interface SyncFacts {
  readonly user: string;
  readonly device: string;
  readonly rooms: Readonly<Record<string, number>>;
  readonly asked: number;
  answer?: { readonly time: number; readonly rooms: readonly SyncedRoom[] };
}

/** A span of a room's log in which someone was a member: from the joining to the leaving, which may never come. */
export interface Membership {
  readonly from: number;
  readonly to: number | undefined;
}

/** What follows from a history without any judgement. Times are places in it. */
export interface Facts {
  readonly history: History;
  readonly attempts: ReadonlyMap<number, Attempt>;
  readonly connections: ReadonlyMap<number, ConnectionFacts>;
  readonly syncs: ReadonlyMap<number, SyncFacts>;
  /** The earliest moment at which an event can have been committed, by room and number. */
  earliest(room: string, seq: number): number;
  /** The latest moment at which an event can have been committed. */
  latest(room: string, seq: number): number;
  /** When it was told first: by the answer to who asked for it, or to somebody who heard it. Not before it had its effects. */
  told(room: string, seq: number): number;
  /** When a user was a member of a room. */
  memberships(room: string, user: string): readonly Membership[];
  /** Whether a user may have been banned from a room at some moment between two. */
  mayBeBanned(room: string, user: string, from: number, to: number): boolean;
  /** What a user was in a room all the time between two moments, as far as that can be told. */
  standing(room: string, user: string, from: number, to: number): 'member' | 'stranger' | 'unsure';
}

/** Gathers the facts of a history. */
export function factsOf(history: History): Facts {
  const gathered = gather(history.occurrences);
  const bounds = new Map([...history.logs].map(([room, log]) => [room, boundsOf(room, log, gathered)]));
  const earliest = (room: string, seq: number): number => bounds.get(room)?.earliest[seq] ?? 0;
  const latest = (room: string, seq: number): number =>
    bounds.get(room)?.latest[seq] ?? Number.POSITIVE_INFINITY;
  const told = (room: string, seq: number): number =>
    bounds.get(room)?.told.get(seq) ?? Number.POSITIVE_INFINITY;
  const memberships = (room: string, user: string) => membershipsOf(history.logs.get(room) ?? [], user);
  return {
    history,
    ...gathered,
    earliest,
    latest,
    told,
    memberships,
    mayBeBanned: (room, user, from, to) =>
      bansOf(history.logs.get(room) ?? [], user).some(
        ({ from: banned, to: lifted }) =>
          earliest(room, banned) <= to && (lifted === undefined || latest(room, lifted) >= from),
      ),
    standing(room, user, from, to) {
      let standing: 'stranger' | 'unsure' = 'stranger';
      for (const { from: joined, to: left } of memberships(room, user)) {
        if (latest(room, joined) < from && (left === undefined || earliest(room, left) > to)) return 'member';
        const outside = earliest(room, joined) > to || (left !== undefined && latest(room, left) < from);
        if (!outside) standing = 'unsure';
      }
      return standing;
    },
  };
}

type Gathered = Pick<Facts, 'attempts' | 'connections' | 'syncs'>;

function gather(occurrences: readonly Occurrence[]): Gathered {
  const attempts = new Map<number, Attempt>();
  const connections = new Map<number, ConnectionFacts>();
  const syncs = new Map<number, SyncFacts>();
  for (const [time, occurrence] of occurrences.entries()) {
    switch (occurrence.kind) {
      case 'asked':
        attempts.set(occurrence.ask, { user: occurrence.user, command: occurrence.command, asked: time });
        break;
      case 'answered':
        known(attempts, occurrence.ask).outcome = { time, seq: occurrence.seq, at: occurrence.at };
        break;
      case 'refused':
        known(attempts, occurrence.ask).outcome = { time, code: occurrence.code };
        break;
      case 'dialled': {
        const { connection, user, device } = occurrence;
        connections.set(connection, { user, device, heard: new Map() });
        break;
      }
      case 'opened':
        known(connections, occurrence.connection).opened = time;
        break;
      case 'closed':
        known(connections, occurrence.connection).closed = { time, by: occurrence.by, code: occurrence.code };
        break;
      case 'heard': {
        const { heard } = known(connections, occurrence.connection);
        const before = heard.get(occurrence.room);
        const one = { time, event: occurrence.event };
        if (before) before.push(one);
        else heard.set(occurrence.room, [one]);
        break;
      }
      case 'sync asked': {
        const { sync, user, device, rooms } = occurrence;
        syncs.set(sync, { user, device, rooms, asked: time });
        break;
      }
      case 'synced':
        known(syncs, occurrence.sync).answer = { time, rooms: occurrence.rooms };
        break;
      default:
    }
  }
  return { attempts, connections, syncs };
}

function known<T>(map: ReadonlyMap<number, T>, key: number): T {
  const value = map.get(key);
  if (value === undefined) throw new Error(`unable to read the history; ${key} ends before it begins`);
  return value;
}

/**
 * When each event can have been committed. Not before it was asked for, nor before the one ahead of it in the log; not
 * after somebody saw it or one behind it.
 */
function boundsOf(room: string, log: readonly RoomEvent[], gathered: Gathered) {
  const asked = new Map<string, number>();
  const seen = new Map<number, number>();
  const see = (seq: number, time: number): void => {
    seen.set(seq, Math.min(time, seen.get(seq) ?? time));
  };
  for (const { user, command, asked: time, outcome } of gathered.attempts.values()) {
    if (command.room !== room) continue;
    const key = `${user} ${command.id}`;
    asked.set(key, Math.min(time, asked.get(key) ?? time));
    if (outcome && 'seq' in outcome) see(outcome.seq, outcome.time);
  }
  for (const { heard } of gathered.connections.values()) {
    for (const { time, event } of heard.get(room) ?? []) see(event.seq, time);
  }
  const told = new Map(seen);
  for (const { answer } of gathered.syncs.values()) {
    for (const synced of answer?.rooms ?? []) {
      if (answer && synced.room === room && synced.seq > 0) see(synced.seq, answer.time);
    }
  }
  const earliest: number[] = [0];
  for (const { seq, user, id } of log) {
    earliest[seq] = Math.max(earliest[seq - 1] ?? 0, asked.get(`${user} ${id}`) ?? 0);
  }
  const latest: number[] = [];
  for (const { seq } of log.toReversed()) {
    latest[seq] = Math.min(
      latest[seq + 1] ?? Number.POSITIVE_INFINITY,
      seen.get(seq) ?? Number.POSITIVE_INFINITY,
    );
  }
  return { earliest, latest, told };
}

function membershipsOf(log: readonly RoomEvent[], user: string): Membership[] {
  const spans: { from: number; to: number | undefined }[] = [];
  for (const { seq, type, user: author, member } of log) {
    if (type === 'room.created' && author === user) spans.push({ from: seq, to: undefined });
    if (member !== user) continue;
    const last = spans.at(-1);
    const inside = last !== undefined && last.to === undefined;
    if (type === 'member.joined' && !inside) spans.push({ from: seq, to: undefined });
    if ((type === 'member.left' || type === 'member.removed') && inside) last.to = seq;
  }
  return spans;
}

/** Spans of the log in which someone was banned: until the ban was lifted, or an invitation did that. */
export function bansOf(log: readonly RoomEvent[], user: string): Membership[] {
  const spans: { from: number; to: number | undefined }[] = [];
  for (const { seq, type, member, banned } of log) {
    if (member !== user) continue;
    const last = spans.at(-1);
    const isOpen = last !== undefined && last.to === undefined;
    if (type === 'member.removed' && banned && !isOpen) spans.push({ from: seq, to: undefined });
    if ((type === 'member.unbanned' || type === 'member.joined') && isOpen) last.to = seq;
  }
  return spans;
}
