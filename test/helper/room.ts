import { type Account, bodyOf, freshName } from './account.ts';
import type { Client } from './client.ts';
import type { Message, RoomEvent } from './wire.ts';

export interface NewRoom {
  readonly kind?: 'public' | 'private';
  readonly name?: string;
  readonly topic?: string;
  /** Who joins it at once. */
  readonly members?: readonly Account[];
}

/** Makes a room with a new id, owned by `owner`, and lets its members join. Gives the room's id. */
export async function createRoom(owner: Account, options: NewRoom = {}): Promise<string> {
  const room = freshName('room');
  const { kind = 'public', name = 'A room', topic, members = [] } = options;
  const body = { room, name, kind, ...(topic === undefined ? {} : { topic }) };
  bodyOf(await owner.call('POST', '/api/rooms', body), 201);
  for (const member of members) await joinRoom(member, room);
  return room;
}

/** Lets a user join a room over HTTP; gives the number of the event. */
export async function joinRoom(account: Account, room: string): Promise<number> {
  return bodyOf<{ seq: number }>(await account.call('POST', `/api/rooms/${room}/join`), 200).seq;
}

/** Lets a user leave a room over HTTP; gives the number of the event. */
export async function leaveRoom(account: Account, room: string): Promise<number> {
  return bodyOf<{ seq: number }>(await account.call('POST', `/api/rooms/${room}/leave`), 200).seq;
}

/** A room's log from the event after `after` on, read by `sync` until there is no more. */
export async function readLog(client: Client, room: string, after = 0): Promise<RoomEvent[]> {
  const events: RoomEvent[] = [];
  for (;;) {
    const { rooms } = await client.command('sync', { rooms: { [room]: events.at(-1)?.seq ?? after } });
    const synced = rooms.find((candidate) => candidate.room === room);
    if (!synced) throw new Error(`sync told nothing of ${room}`);
    events.push(...synced.events);
    if (!synced.more) return events;
    if (synced.events.length === 0) throw new Error(`sync of ${room} promised more, and gave nothing`);
  }
}

/** All the messages of a room, oldest first, read page by page over HTTP. */
export async function readMessages(account: Account, room: string, limit = 100): Promise<Message[]> {
  const messages: Message[] = [];
  for (;;) {
    const before = messages[0] ? `&before=${messages[0].seq}` : '';
    const answer = await account.call('GET', `/api/rooms/${room}/messages?limit=${limit}${before}`);
    const page = bodyOf<{ messages: Message[]; more: boolean }>(answer, 200);
    messages.unshift(...page.messages);
    if (!page.more) return messages;
  }
}

/** Invites someone, gives a role, mutes: `PUT members/{user}`; gives the number of the event. */
export async function putMember(
  by: Account,
  room: string,
  member: Account,
  wanted: { readonly role?: string; readonly mutedUntil?: string | null } = {},
): Promise<number> {
  const answer = await by.call('PUT', `/api/rooms/${room}/members/${member.user}`, wanted);
  return bodyOf<{ seq: number }>(answer, 200).seq;
}

/** Ends someone's membership; gives the number of the event. */
export async function removeMember(by: Account, room: string, member: Account, ban = false): Promise<number> {
  const query = ban ? '?ban=true' : '';
  const answer = await by.call('DELETE', `/api/rooms/${room}/members/${member.user}${query}`);
  return bodyOf<{ seq: number }>(answer, 200).seq;
}
