/** What can be done in a room by a call and nothing more: changes come back as events. */

import type { Message, RoomEvent } from '../shared/protocol/events.ts';
import type { RoomExport } from '../shared/protocol/export.ts';
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
import { nonsense } from './error.ts';
import { isMessage } from './guards.ts';
import { readPage } from './history.ts';
import type { CallOptions } from './http.ts';
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
    await this.#command('editMessage', { target: seq, text });
  }

  async delete(seq: number): Promise<void> {
    await this.#command('deleteMessage', { target: seq });
  }

  async react(seq: number, emoji: string): Promise<void> {
    await this.#command('addReaction', { target: seq, emoji });
  }

  async unreact(seq: number, emoji: string): Promise<void> {
    await this.#command('removeReaction', { target: seq, emoji });
  }

  async pin(seq: number): Promise<void> {
    await this.#command('pinMessage', { target: seq });
  }

  async unpin(seq: number): Promise<void> {
    await this.#command('unpinMessage', { target: seq });
  }

  pins(options: PageOptions = {}): Promise<Page<Message>> {
    return this.#page('/pins', options);
  }

  async edits(seq: number): Promise<MessageWithEdits> {
    const message = await this.call('GET', `/messages/${seq}`, {
      query: { edits: true },
    });
    if (!isMessage(message)) throw nonsense('read the message');
    return message;
  }

  threads(options: PageOptions = {}): Promise<Page<{ readonly root: Message; readonly unread: number }>> {
    return this.#page('/threads', options);
  }

  history(page: Parameters<Room['history']>[0] = {}): ReturnType<Room['history']> {
    return readPage(this.context.link, { room: this.id, ...page });
  }

  update(body: Parameters<Room['update']>[0]): Promise<RoomInfo> {
    return this.#change('PATCH', '', { body });
  }

  async join(): Promise<void> {
    await this.#command('joinRoom');
  }

  async leave(): Promise<void> {
    await this.#command('leaveRoom');
  }

  async deleteRoom(): Promise<void> {
    await this.#change('DELETE', '');
  }

  invite(user: string, role?: Member['role']): Promise<Changed> {
    return this.#change('PUT', member(user), { body: { role } });
  }

  setRole(user: string, role: Member['role']): Promise<Changed> {
    return this.invite(user, role);
  }

  mute(user: string, until: Date | null): Promise<Changed> {
    return this.#change('PUT', member(user), { body: { mutedUntil: until?.toISOString() ?? null } });
  }

  remove(user: string): Promise<Changed> {
    return this.#change('DELETE', member(user));
  }

  ban(user: string): Promise<Changed> {
    return this.#change('DELETE', member(user), { query: { ban: true } });
  }

  unban(user: string): Promise<Changed> {
    return this.#change('DELETE', `/bans/${encodeURIComponent(user)}`);
  }

  bans(options: PageOptions = {}): Promise<Page<Ban>> {
    return this.#page('/bans', options);
  }

  async report(seq: number, reason: string): Promise<Report> {
    return (await this.call('POST', `/messages/${seq}/report`, { body: { reason } })) as unknown as Report;
  }

  reports(options: PageOptions = {}): Promise<Page<Report>> {
    return this.#page('/reports', options);
  }

  protected call(method: string, path: string, options: CallOptions = {}) {
    return this.context.http.call(method, `/rooms/${encodeURIComponent(this.id)}${path}`, options);
  }

  exportLog(cursor?: string): Promise<RoomExport> {
    return this.#page<RoomEvent>('/export', { cursor }) as Promise<RoomExport>;
  }

  #page<T>(path: string, query: object): Promise<Page<T>> {
    return this.context.http.page<T>(
      `/rooms/${encodeURIComponent(this.id)}${path}`,
      query as CallOptions['query'],
    );
  }

  #command(action: string, fields: object = {}) {
    return this.context.link.request(action, { room: this.id, ...fields });
  }

  /** With an id of its own, so that a call which is made again makes no second change (P3). */
  async #change<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
    const query = { ...options.query, id: this.context.platform.newId() };
    return (await this.call(method, path, { ...options, query })) as T;
  }
}

function member(user: string): string {
  return `/members/${encodeURIComponent(user)}`;
}
