/** Who is in a room, who is there just now, and who writes. */
import type { RoomEvent } from '../shared/protocol/events.ts';
import type { UserId } from '../shared/protocol/ids.ts';
import type { Member } from '../shared/protocol/rest.ts';
import type { Context } from './context.ts';
import { type Fields, has } from './guards.ts';
import { Store } from './store.ts';
import type { Presence, ReadMarks } from './types.ts';

/** Somebody who is not told to write again for so long has stopped: docs/protocol.md, `typing`. Milliseconds. */
const TYPING_LASTS = 10_000;
/** A start is told once in so many milliseconds at most: docs/protocol.md, `typing`. */
const TYPING_AGAIN = 3_000;

export class People {
  readonly members: Store<readonly Member[]>;
  readonly presence: Store<Presence>;
  readonly typists = new Store<readonly UserId[]>([]);
  readonly reads = new Store<ReadMarks>({});
  readonly #context: Context;
  readonly #room: string;
  readonly #typing = new Map<UserId, () => void>();
  #toldTypingAt: number | undefined;
  #hasMembers = false;
  /** Events that came while the list was on its way: it may have been read before them. */
  #meanwhile: RoomEvent[] | undefined;
  /** What was heard while the answer was on its way is newer than the answer. */
  #heard: Map<UserId, boolean> | undefined;

  constructor(context: Context, room: string) {
    this.#context = context;
    this.#room = room;
    this.members = new Store<readonly Member[]>([], () => this.#load());
    this.presence = new Store<Presence>({ online: [], count: 0 }, () => this.#ask());
  }

  /** Asks again for what a break has made uncertain. */
  refresh(): void {
    if (this.presence.isWatched) this.#ask();
    if (this.members.isWatched && !this.#hasMembers) this.#load();
  }

  /** Tells that the user writes, or no longer does. */
  tell(on: boolean): void {
    const { platform, link } = this.#context;
    const now = platform.now();
    const isTold = this.#toldTypingAt !== undefined && now - this.#toldTypingAt < TYPING_AGAIN;
    if (on ? isTold : this.#toldTypingAt === undefined) return;
    this.#toldTypingAt = on ? now : undefined;
    link.tell('typing', { room: this.#room, on });
  }

  onTyping({ user, on }: Fields): void {
    if (typeof user !== 'string') return;
    const who = user as UserId;
    this.#hasStopped(who);
    if (on !== true) return;
    this.#typing.set(
      who,
      this.#context.platform.after(TYPING_LASTS, () => this.#hasStopped(who)),
    );
    this.typists.set([...this.#typing.keys()]);
  }

  onRead({ user, seq }: Fields): void {
    if (typeof user === 'string' && typeof seq === 'number')
      this.reads.update((marks) => ({ ...marks, [user]: Math.max(seq, marks[user] ?? 0) }));
  }

  onPresence({ user, online, count }: Fields): void {
    const now = this.presence.getSnapshot();
    if (typeof user === 'string' && typeof online === 'boolean') {
      this.#heard?.set(user as UserId, online);
      this.members.update((members) =>
        members.map((member) =>
          member.user === user && member.online !== online ? { ...member, online } : member,
        ),
      );
      // Only a number is held: docs/protocol.md says to ask again.
      if (now.count > now.online.length) this.refresh();
      else this.#setOnline(user as UserId, online);
    } else if (typeof count === 'number') {
      if (count <= 100) this.refresh();
      else this.presence.set({ ...now, count });
    }
  }

  onEvent(event: RoomEvent): void {
    this.#meanwhile?.push(event);
    switch (event.type) {
      case 'message.created':
        this.#hasStopped(event.user);
        break;
      case 'member.joined':
        this.#change(event.member, () => ({
          user: event.member,
          role: event.role ?? 'member',
          joinedAt: event.at,
          ...(event.mutedUntil === undefined ? {} : { mutedUntil: event.mutedUntil }),
        }));
        break;
      case 'member.updated':
        this.#change(event.member, (member) => {
          if (!member) return undefined;
          const { mutedUntil, ...rest } = { ...member, ...(event.role && { role: event.role }) };
          const muted = event.mutedUntil === undefined ? mutedUntil : event.mutedUntil;
          return muted ? { ...rest, mutedUntil: muted } : rest;
        });
        break;
      case 'member.left':
      case 'member.removed':
        this.#setOnline(event.member, false);
        this.#hasStopped(event.member);
        this.#change(event.member, () => undefined);
    }
  }

  #change(user: UserId, change: (member: Member | undefined) => Member | undefined): void {
    if (!this.#hasMembers) return;
    this.members.update((members) => {
      const after = change(members.find((member) => member.user === user));
      const others = members.filter((member) => member.user !== user);
      return after ? inOrder([...others, after]) : others;
    });
  }

  #setOnline(user: UserId, online: boolean): void {
    const now = this.presence.getSnapshot();
    if (now.online.includes(user) === online) return;
    const names = online ? [...now.online, user].sort() : now.online.filter((name) => name !== user);
    this.presence.set({ online: names, count: Math.max(0, now.count + (online ? 1 : -1)) });
  }

  #hasStopped(user: UserId): void {
    const stop = this.#typing.get(user);
    if (!stop) return;
    stop();
    this.#typing.delete(user);
    this.typists.set([...this.#typing.keys()]);
  }

  #ask(): void {
    if (this.#heard) return;
    const heard = new Map<UserId, boolean>();
    this.#heard = heard;
    this.#context.link
      .request('presence', { room: this.#room })
      .then(({ online, count }) => {
        if (!Array.isArray(online) || typeof count !== 'number') return this.#context.problem('presence');
        this.presence.set({ online: online.sort(), count });
        if (count === online.length) for (const [user, is] of heard) this.#setOnline(user, is);
      })
      .catch(() => {})
      .finally(() => {
        this.#heard = undefined;
      });
  }

  #load(): void {
    if (this.#hasMembers || this.#meanwhile) return;
    const meanwhile: RoomEvent[] = [];
    this.#meanwhile = meanwhile;
    this.#readMembers()
      .then(() => {
        this.#hasMembers = true;
        this.#meanwhile = undefined;
        for (const event of meanwhile) if ('member' in event) this.onEvent(event);
      })
      .catch(() => {
        this.#meanwhile = undefined;
      });
  }

  async #readMembers(): Promise<void> {
    const items = await this.#context.http.all(`/rooms/${encodeURIComponent(this.#room)}/members`);
    const members = items.filter((item) => has(item, { user: 'string' })) as unknown as Member[];
    this.members.set(inOrder(members));
  }
}

function inOrder(members: Member[]): Member[] {
  return members.sort((a, b) => (a.user < b.user ? -1 : 1));
}
