/** The promises, checked on what a run committed, stored and acknowledged. */
import { isDeepStrictEqual } from 'node:util';
import type { ChatContext } from '../../shared/chat/context.ts';
import { getMembership } from '../../shared/chat/membership.ts';
import { getBan } from '../../shared/data/bans.ts';
import { type Committed, toCommitted } from '../../shared/data/events.ts';
import { appendKey, toHead } from '../../shared/data/heads.ts';
import { chatKeys, EVENT_PREFIX, HEAD } from '../../shared/data/keys.ts';
import type { Item } from '../../shared/data/table.ts';
import type { RoomEvent } from '../../shared/protocol/events.ts';
import type { ClientId, Role, RoomId, UserId } from '../../shared/protocol/ids.ts';

export interface Acknowledged {
  readonly kind: 'send' | 'join' | 'leave' | 'moderate';
  readonly user: UserId;
  readonly id: ClientId | undefined;
  /** Of a send: no other command has the same. */
  readonly text: string;
  readonly seq: number;
  readonly at: string;
  /** Whether the event was stored when the command was acknowledged. */
  readonly stored: boolean;
}

export interface Run {
  readonly room: RoomId;
  /** What the head committed, in the order of its writes: the stream's records. */
  readonly committed: Committed[];
  readonly acknowledged: Acknowledged[];
}

/** @returns what is wrong, each with the promise that it breaks; nothing when all hold. */
export async function checkRun(ctx: ChatContext, run: Run): Promise<string[]> {
  // All items of the room at once.
  const items = await ctx.chat.queryAll({
    where: 'pk = :pk',
    values: { ':pk': chatKeys.room(run.room).pk },
  });
  const log = items.filter(({ sk }) => sk.startsWith(EVENT_PREFIX)).map(toCommitted);
  return [
    ...checkOrder(run, log),
    ...checkAcknowledged(run, log),
    ...checkOnce(run, log),
    ...checkMembers(log),
    ...checkSettled(items, log),
    ...(await checkMemberships(ctx, run, log)),
  ];
}

function checkOrder({ committed }: Run, log: readonly Committed[]): string[] {
  let n = 0;
  const wrong = committed.flatMap(({ event, n: counted }, index) => {
    if (event.type === 'message.created') n++;
    return event.seq === index + 1 && counted === n ? [] : [`P1: event ${index + 1} has number ${event.seq}`];
  });
  return isDeepStrictEqual(log, committed) ? wrong : [...wrong, 'P1: the log is not what was committed'];
}

function checkAcknowledged({ acknowledged }: Run, log: readonly Committed[]): string[] {
  return acknowledged.flatMap(({ kind, user, id, text, seq, at, stored }) => {
    const event = log[seq - 1]?.event;
    if (!stored) return [`P2: ${seq} was acknowledged before it was stored`];
    if (event?.at !== at) return [`P2: ${seq} is not what was acknowledged`];
    if (kind === 'join' && wasMember(event, user, id)) return [];
    // An id may have been used by another command before; then its event is the answer.
    if (id !== undefined) return event.user === user && event.id === id ? [] : [`P3: ${seq} has another id`];
    if (kind === 'send' && !isMessage(event, text)) return [`P2: ${seq} is not the message that was sent`];
    return [];
  });
}

function isMessage(event: RoomEvent, text: string): boolean {
  return event.type === 'message.created' && event.text === text;
}

/** Who joins and is a member already makes no event: the answer is the one that made it a member, under whatever id. */
function wasMember(event: RoomEvent | undefined, user: UserId, id: ClientId | undefined): boolean {
  return event?.type === 'member.joined' && event.member === user && event.id !== id;
}

function checkOnce({ acknowledged }: Run, log: readonly Committed[]): string[] {
  const numbers = new Map<string, Set<number>>();
  const note = (key: string, seq: number) => numbers.set(key, (numbers.get(key) ?? new Set()).add(seq));
  for (const { event } of log) {
    if (event.id !== undefined) note(`id ${event.user}#${event.id}`, event.seq);
    // Without an id of the client's: one command must not make two events, however often its write was sent.
    else if (event.type === 'message.created') note(`text ${event.text}`, event.seq);
  }
  for (const { kind, user, id, seq } of acknowledged) {
    if (id === undefined || (kind === 'join' && wasMember(log[seq - 1]?.event, user, id))) continue;
    note(`id ${user}#${id}`, seq);
  }
  return [...numbers].flatMap(([key, seqs]) =>
    seqs.size > 1 ? [`P3: ${key} has the numbers ${[...seqs].join(', ')}`] : [],
  );
}

/** What someone is in the room, as the log says up to an event. */
interface Standing {
  readonly role: Role;
  readonly since: number;
}

/** Who is a member, muted and banned, as the log says up to an event. */
interface Replay {
  readonly members: Map<string, Standing>;
  /** Whose mute, members or not, ends when. */
  readonly mutes: Map<string, string>;
  readonly banned: Set<string>;
}

function emptyReplay(): Replay {
  return { members: new Map(), mutes: new Map(), banned: new Set() };
}

/** Takes an event into a replay. */
function replay({ members, mutes, banned }: Replay, event: RoomEvent): void {
  switch (event.type) {
    case 'room.created':
      members.set(event.user, { role: 'owner', since: event.seq });
      return;
    case 'member.joined':
      members.set(event.member, { role: event.role ?? 'member', since: event.seq });
      if (event.user !== event.member) banned.delete(event.member);
      if (event.mutedUntil === undefined) mutes.delete(event.member);
      return;
    case 'member.left':
      members.delete(event.member);
      return;
    case 'member.removed':
      members.delete(event.member);
      if (event.banned) banned.add(event.member);
      return;
    case 'member.updated': {
      const { since = event.seq } = members.get(event.member) ?? {};
      members.set(event.member, { role: event.role ?? 'member', since });
      if (event.mutedUntil) mutes.set(event.member, event.mutedUntil);
      else mutes.delete(event.member);
      return;
    }
  }
}

/** Replays who was what when, and whether each event was its author's to make. */
function checkMembers(log: readonly Committed[]): string[] {
  const state = emptyReplay();
  return log.flatMap(({ event }) => {
    const fault = event.type === 'room.created' ? undefined : faultOf(event, state);
    replay(state, event);
    return fault === undefined ? [] : [`P6: ${event.seq}: ${fault}`];
  });
}

function faultOf(event: RoomEvent, { members, mutes, banned }: Replay): string | undefined {
  const author = members.get(event.user);
  const member = 'member' in event ? event.member : event.user;
  const target = members.get(member);
  if (event.type === 'member.joined') {
    if (target) return `${member} joined twice`;
    if (member !== event.user) {
      return author && author.role !== 'member' ? undefined : `${event.user} invited and was no admin`;
    }
    if (banned.has(member)) return `${member} joined and was banned`;
    return event.mutedUntil === mutes.get(member) ? undefined : `${member} got rid of its mute by joining`;
  }
  if (!author) return `${event.user} wrote without being a member`;
  if (member === event.user) {
    return event.type === 'message.created' && mutes.has(member)
      ? `${member} wrote and was muted`
      : undefined;
  }
  if (event.type === 'member.updated' && !target) return `${member} was changed and was no member`;
  const ranks = ['member', 'admin', 'owner'];
  return ranks.indexOf(author.role) > ranks.indexOf(target?.role ?? '')
    ? undefined
    : `${event.user} acted on ${member}, who is not below`;
}

/** What the settler has to leave behind: an empty tail, and a claim for every id. */
function checkSettled(items: readonly Item[], log: readonly Committed[]): string[] {
  const head = toHead(items.find(({ sk }) => sk === HEAD));
  const wrong =
    head.settled === log.length && head.pending.length + head.changes.length === 0
      ? []
      : [`settled is ${head.settled} of ${log.length}`];
  for (const { event } of log) {
    if (event.id === undefined) continue;
    const { sk } = chatKeys.claim(head.room, appendKey(event.user, event.id));
    const claim = items.find((item) => item.sk === sk);
    if (claim?.seq !== event.seq) wrong.push(`P3: the claim of ${event.user}#${event.id} is ${claim?.seq}`);
  }
  return wrong;
}

async function checkMemberships(ctx: ChatContext, run: Run, log: readonly Committed[]): Promise<string[]> {
  const state = emptyReplay();
  for (const { event } of log) replay(state, event);
  const users = new Set(log.flatMap(({ event }) => ('member' in event ? [event.member] : [event.user])));
  const wrong = await Promise.all(
    [...users].map(async (user) => {
      const { role, since, mutedUntil } = (await getMembership(ctx, user, run.room)) ?? {};
      const expected = state.members.get(user);
      const mute = expected && state.mutes.get(user);
      const banned = (await getBan(ctx.chat, run.room, user))?.lifted === false;
      const is = JSON.stringify({ role, since, mutedUntil, banned });
      const should = JSON.stringify({ ...expected, mutedUntil: mute, banned: state.banned.has(user) });
      return is === should ? [] : [`P6: ${user} is ${is}, not ${should}`];
    }),
  );
  return wrong.flat();
}
