/** The client as a whole: a session, a link, the rooms, and what is kept of them. */

import type { ExportRecord } from '../shared/protocol/export.ts';
import type { RoomId, UserId } from '../shared/protocol/ids.ts';
import type { Block, Person, Room as RoomInfo, User } from '../shared/protocol/rest.ts';
import type { Credentials, Parley, Room } from './api.ts';
import { Cache } from './cache.ts';
import type { Context } from './context.ts';
import { Emitter } from './emitter.ts';
import { nonsense } from './error.ts';
import { type Fields, has } from './guards.ts';
import { Link } from './link.ts';
import { type ConnectOptions, TIMING } from './options.ts';
import { type Channel, type Platform, pause } from './platform.ts';
import type { RoomKeeper } from './room.ts';
import { Rooms } from './rooms.ts';
import { SessionKeeper } from './session.ts';
import { Store } from './store.ts';
import type {
  ConnectionState,
  Notification,
  OutgoingMessage,
  Page,
  PageOptions,
  ParleyEvents,
  RoomSummary,
  SearchHit,
} from './types.ts';
import { CACHE, Vault } from './vault.ts';

/** Who is logged in while nobody is. */
const NOBODY = '' as UserId;

export class Client extends Emitter<ParleyEvents> implements Parley {
  readonly ready: Promise<void>;
  readonly rooms = new Store<readonly RoomSummary[]>([]);
  readonly outbox = new Store<readonly OutgoingMessage[]>([]);
  readonly #platform: Platform;
  readonly #vault: Vault;
  readonly #session: SessionKeeper;
  readonly #link: Link;
  readonly #context: Context;
  readonly #channel: Channel | undefined;
  #rooms: Rooms;
  #cache: Cache;
  #isClosed = false;

  constructor(options: ConnectOptions, platform: Platform) {
    super();
    const url = options.url.replace(/\/+$/, '');
    const name = `parley ${url}`;
    this.#platform = platform;
    this.#vault = new Vault(platform, name);
    this.#channel = platform.openChannel(name);
    this.#session = new SessionKeeper(platform, this.#vault, { ...options, url });
    const timing = { ...TIMING, ...options.timing };
    const websocketUrl = options.websocketUrl ?? `${url.replace(/^http/, 'ws')}/ws`;
    this.#link = new Link(platform, timing, websocketUrl, this.#session, {
      onFrame: (frame) => this.#onFrame(frame),
      onProblem: (what) => this.emit('problem', { what }),
      catchUp: (request) => this.#rooms.catchUp(request),
      onEnd: (reason) => void this.#end(reason, reason === 'removed'),
    });
    this.#context = {
      platform,
      timing,
      http: this.#session.http,
      link: this.#link,
      vault: this.#vault,
      channel: this.#channel,
      me: () => this.#session.store.getSnapshot()?.user.user ?? NOBODY,
      problem: (what) => this.emit('problem', { what }),
    };
    [this.#rooms, this.#cache] = this.#newRooms();
    this.#session.onTokens = (tokens) => this.#channel?.post({ kind: 'tokens', ...tokens });
    this.#session.onEnd = (reason) => void this.#end(reason, false);
    this.#channel?.listen((message) => this.#hear(message));
    this.#link.state.subscribe(() => {
      if (this.#link.state.getSnapshot().status === 'online') this.#rooms.onOnline();
    });
    this.ready = this.#restore();
  }

  get state(): Store<ConnectionState> {
    return this.#link.state;
  }

  get session() {
    return this.#session.store;
  }

  get storage() {
    return this.#vault.state;
  }

  room(id: string): Room {
    return this.#rooms.get(id);
  }

  register(account: Credentials & { readonly displayName?: string }): Promise<User> {
    return this.#enter('/auth/register', account);
  }

  login(credentials: Credentials): Promise<User> {
    return this.#enter('/auth/login', credentials);
  }

  async logout({ everywhere }: { readonly everywhere?: boolean } = {}): Promise<void> {
    // What the service says to the connection's end is expected.
    this.#link.stop('logged_out');
    // Without a connection the session is forgotten here, and ends by itself.
    const told = this.#http('POST', '/auth/logout', { query: { everywhere } }).catch(() => {});
    await Promise.race([told, pause(this.#platform, 3_000)]);
    this.#channel?.post({ kind: 'logout', user: this.#context.me() });
    await this.#end('logged_out', true);
  }

  async updateMe(changes: Parameters<Parley['updateMe']>[0]): Promise<User> {
    const user = (await this.#http('PATCH', '/auth/me', {
      body: changes,
    })) as unknown as User;
    this.#session.store.set({ user });
    return user;
  }

  async deleteMe(): Promise<void> {
    await this.#http('DELETE', '/auth/me');
    await this.#end('removed', true);
  }

  exportMe(cursor?: string): Promise<Page<ExportRecord>> {
    return this.#page('/auth/me/export', { cursor });
  }

  users(options: PageOptions & { readonly prefix?: string } = {}): Promise<Page<Person>> {
    return this.#page('/users', options);
  }

  async block(user: string): Promise<void> {
    await this.#http('PUT', `/users/${encodeURIComponent(user)}/block`);
  }

  async unblock(user: string): Promise<void> {
    await this.#http('DELETE', `/users/${encodeURIComponent(user)}/block`);
  }

  blocks(options: PageOptions = {}): Promise<Page<Block>> {
    return this.#page('/users/blocks', options);
  }

  createRoom(room: Parameters<Parley['createRoom']>[0]): Promise<Room> {
    return this.#open('/rooms', room);
  }

  discover(options: PageOptions & { readonly prefix?: string } = {}): Promise<Page<RoomInfo>> {
    return this.#page('/rooms/public', options);
  }

  openDirect(user: string): Promise<Room> {
    return this.#open('/direct', { user });
  }

  search(q: string, options: Parameters<Parley['search']>[1] = {}): Promise<Page<SearchHit>> {
    return this.#page('/search', { q, ...options });
  }

  retryNow(): void {
    // The service may have closed the oldest of too many connections, which was this one.
    if (this.#isLoggedIn) this.#link.start();
    this.#link.retryNow();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#cache.write();
    this.#session.stop();
    this.#link.stop('closed');
    this.#channel?.close();
    this.end();
    for (const room of this.#rooms.all()) room.end();
  }

  async #restore(): Promise<void> {
    const user = await this.#session.restore();
    if (this.#isClosed) return;
    if (user) await this.#begin();
    else if (!this.#isLoggedIn) this.#link.state.set({ status: 'closed', reason: 'logged_out' });
  }

  get #isLoggedIn(): boolean {
    return this.#session.store.getSnapshot() !== undefined;
  }

  /** Shows what was kept of the user, and connects. */
  async #begin(): Promise<void> {
    await Promise.all([this.#cache.restore(), this.#rooms.outbox.restore()]);
    if (this.#isClosed || !this.#isLoggedIn) return;
    this.#rooms.readEarly();
    this.#link.start();
  }

  async #enter(path: string, body: object): Promise<User> {
    await this.ready;
    if (this.#isLoggedIn) await this.logout();
    const user = await this.#session.enter(path, body);
    await this.#begin();
    return user;
  }

  /** Nobody is logged in from now on. @param forgets whether what was kept of the user goes, too. */
  async #end(reason: string, forgets: boolean): Promise<void> {
    if (reason === 'going_away') return;
    const user = this.#context.me();
    this.#link.stop(reason);
    for (const room of this.#rooms.all()) room.end();
    this.#rooms.outbox.clear();
    await this.#session.forget();
    [this.#rooms, this.#cache] = this.#newRooms();
    this.rooms.set([]);
    this.outbox.set([]);
    if (!forgets || user === '') return;
    await this.#vault.clear(`${CACHE}${user}/`);
    await this.#vault.clear(`outbox/${user}/`);
  }

  #newRooms(): [Rooms, Cache] {
    // What was under way for who was here before is nobody's.
    const me = (): UserId => (rooms === this.#rooms ? this.#context.me() : NOBODY);
    const context = { ...this.#context, me };
    const rooms: Rooms = new Rooms(context, {
      onEvent: (room: RoomId, event) => this.emit('event', { room, event }),
      onChange: (room: RoomKeeper) => cache.note(room),
    });
    const cache = new Cache(context, rooms);
    rooms.list.subscribe(() => me() && this.rooms.set(rooms.list.getSnapshot()));
    rooms.outbox.store.subscribe(() => this.outbox.set(rooms.outbox.store.getSnapshot()));
    return [rooms, cache];
  }

  #onFrame(frame: Fields): void {
    if (frame.type === 'notification') {
      const isWhole = has(frame, {
        kind: 'string',
        room: 'string',
        seq: 'number',
        user: 'string',
        preview: 'string',
      });
      if (isWhole) this.emit('notification', frame as unknown as Notification);
    } else this.#rooms.onFrame(frame);
  }

  /** What another tab says. */
  #hear(message: unknown): void {
    if (!has(message, { kind: 'string' })) return;
    if (message.kind === 'tokens') this.#session.hear(message);
    else if (message.kind === 'outbox') this.#rooms.outbox.hear(message);
    else if (message.kind === 'logout' && message.user === this.#context.me())
      void this.#end('logged_out', false);
  }

  async #open(path: string, body: object): Promise<Room> {
    const { room } = await this.#http('POST', path, { body });
    if (typeof room !== 'string') throw nonsense(path);
    return this.#rooms.learn(room);
  }

  #http(method: string, path: string, options: object = {}): Promise<Fields> {
    return this.#context.http.call(method, path, options);
  }

  #page<T>(path: string, query: object): Promise<Page<T>> {
    return this.#context.http.page<T>(path, query as Record<string, string | undefined>);
  }
}
