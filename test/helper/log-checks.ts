/** The promises, checked on what a run committed, stored and acknowledged. */
import { isDeepStrictEqual } from 'node:util';
import type { ChatContext } from '../../shared/chat/context.ts';
import { getMembership } from '../../shared/chat/membership.ts';
import { type Committed, toCommitted } from '../../shared/data/events.ts';
import { appendKey, toHead } from '../../shared/data/heads.ts';
import { chatKeys, EVENT_PREFIX, HEAD } from '../../shared/data/keys.ts';
import type { Item } from '../../shared/data/table.ts';
import type { RoomEvent } from '../../shared/protocol/events.ts';
import type { ClientId, RoomId, UserId } from '../../shared/protocol/ids.ts';

export interface Acknowledged {
  readonly kind: 'send' | 'join' | 'leave' | 'remove';
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

/** Replays who was a member when. */
function checkMembers(log: readonly Committed[]): string[] {
  const members = new Set<string>();
  return log.flatMap(({ event }) => {
    switch (event.type) {
      case 'room.created':
        members.add(event.user);
        return [];
      case 'member.joined':
        if (members.has(event.member)) return [`${event.seq}: ${event.member} joined twice`];
        members.add(event.member);
        return [];
      case 'member.left':
        return members.delete(event.member)
          ? []
          : [`P6: ${event.seq}: ${event.member} left without being there`];
      case 'member.removed':
        members.delete(event.member);
        return [];
      default:
        return members.has(event.user)
          ? []
          : [`P6: ${event.seq}: ${event.user} wrote without being a member`];
    }
  });
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
  const last = new Map<UserId, number | undefined>();
  for (const { event } of log) {
    if (event.type === 'member.joined') last.set(event.member, event.seq);
    if (event.type === 'member.left' || event.type === 'member.removed') last.set(event.member, undefined);
  }
  const wrong = await Promise.all(
    [...last].map(async ([user, since]) => {
      const membership = await getMembership(ctx, user, run.room);
      return membership?.since === since
        ? []
        : [`P6: ${user} is a member since ${membership?.since}, not ${since}`];
    }),
  );
  return wrong.flat();
}
