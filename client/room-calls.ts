/** What can be done in a room by a call and nothing more: changes come back as events. */
import type { Message } from '../shared/protocol/events.ts';
import type { RoomId } from '../shared/protocol/ids.ts';
import type {
  Ban,
  Changed,
  Member,
  MessageWithEdits,
  Report,
  Room as RoomInfo,
} from '../shared/protocol/rest.ts';
import type { Room } from './api.ts';
import type { Context } from './context.ts';
import { Emitter } from './emitter.ts';
import { isMessage } from './guards.ts';
import { nonsense } from './http.ts';
import type { Page, PageOptions, RoomEvents } from './types.ts';

export class RoomCalls extends Emitter<RoomEvents> {
  readonly id: RoomId;
  protected readonly context: Context;

  constructor(context: Context, id: RoomId) {
    super();
    this.context = context;
    this.id = id;
  }

  async edit(seq: number, text: string): Promise<void> {
    await this.#command('editMessage', 'edit', { target: seq, text });
  }

  async delete(seq: number): Promise<void> {
    await this.#command('deleteMessage', 'delete', { target: seq });
  }

  async react(seq: number, emoji: string): Promise<void> {
    await this.#command('addReaction', 'react', { target: seq, emoji });
  }

  async unreact(seq: number, emoji: string): Promise<void> {
    await this.#command('removeReaction', 'take back the reaction', { target: seq, emoji });
  }

  async pin(seq: number): Promise<void> {
    await this.#command('pinMessage', 'pin', { target: seq });
  }

  async unpin(seq: number): Promise<void> {
    await this.#command('unpinMessage', 'unpin', { target: seq });
  }

  pins(options: PageOptions = {}): Promise<Page<Message>> {
    return this.#page('list pins', '/pins', options);
  }

  async edits(seq: number): Promise<MessageWithEdits> {
    const message = await this.call('read the message', 'GET', `/messages/${seq}`, {
      query: { edits: true },
    });
    if (!isMessage(message)) throw nonsense('read the message');
    return message;
  }

  threads(options: PageOptions = {}): Promise<Page<{ readonly root: Message; readonly unread: number }>> {
    return this.#page('list threads', '/threads', options);
  }

  async history({
    before,
    limit,
    thread,
  }: NonNullable<Parameters<Room['history']>[0]> = {}): ReturnType<Room['history']> {
    const { messages, more } = await this.#command('history', 'read history', {
      ...(before === undefined ? {} : { before }),
      ...(limit === undefined ? {} : { limit }),
      ...(thread === undefined ? {} : { thread }),
    });
    if (!Array.isArray(messages) || !messages.every(isMessage)) throw nonsense('read history');
    return { messages, more: more === true };
  }

  async update(changes: Parameters<Room['update']>[0]): Promise<RoomInfo> {
    return (await this.call('change the room', 'PATCH', '', {
      body: changes,
      query: this.#once(),
    })) as RoomInfo;
  }

  async join(): Promise<void> {
    await this.#command('joinRoom', 'join', {});
  }

  async leave(): Promise<void> {
    await this.#command('leaveRoom', 'leave', {});
  }

  async deleteRoom(): Promise<void> {
    await this.call('delete the room', 'DELETE', '', { query: this.#once() });
  }

  invite(user: string, role?: Member['role']): Promise<Changed> {
    return this.#changeMember(user, role === undefined ? {} : { role });
  }

  setRole(user: string, role: Member['role']): Promise<Changed> {
    return this.#changeMember(user, { role });
  }

  mute(user: string, until: Date | null): Promise<Changed> {
    return this.#changeMember(user, { mutedUntil: until?.toISOString() ?? null });
  }

  remove(user: string): Promise<Changed> {
    return this.#change('remove the member', 'DELETE', `/members/${encodeURIComponent(user)}`);
  }

  ban(user: string): Promise<Changed> {
    return this.#change('remove the member', 'DELETE', `/members/${encodeURIComponent(user)}`, { ban: true });
  }

  unban(user: string): Promise<Changed> {
    return this.#change('lift the ban', 'DELETE', `/bans/${encodeURIComponent(user)}`);
  }

  bans(options: PageOptions = {}): Promise<Page<Ban>> {
    return this.#page('list bans', '/bans', options);
  }

  async report(seq: number, reason: string): Promise<Report> {
    const answer = await this.call('report the message', 'POST', `/messages/${seq}/report`, {
      body: { reason },
    });
    return answer as unknown as Report;
  }

  reports(options: PageOptions = {}): Promise<Page<Report>> {
    return this.#page('list reports', '/reports', options);
  }

  protected call(operation: string, method: string, path: string, options: object = {}) {
    return this.context.http.call(operation, method, `/rooms/${encodeURIComponent(this.id)}${path}`, options);
  }

  #page<T>(operation: string, path: string, { limit, cursor }: PageOptions): Promise<Page<T>> {
    return this.context.http.page<T>(operation, `/rooms/${encodeURIComponent(this.id)}${path}`, {
      limit,
      cursor,
    });
  }

  #command(action: string, operation: string, fields: object) {
    return this.context.link.request(action, { room: this.id, ...fields }, operation);
  }

  /** An id of its own, so that a call which is made again makes no second change (P3). */
  #once() {
    return { id: this.context.platform.newId() };
  }

  async #changeMember(user: string, body: object): Promise<Changed> {
    const options = { body, query: this.#once() };
    return (await this.call(
      'change the member',
      'PUT',
      `/members/${encodeURIComponent(user)}`,
      options,
    )) as unknown as Changed;
  }

  async #change(operation: string, method: string, path: string, query: object = {}): Promise<Changed> {
    const options = { query: { ...query, ...this.#once() } };
    return (await this.call(operation, method, path, options)) as unknown as Changed;
  }
}
