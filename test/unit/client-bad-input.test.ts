/** What the client makes of what it should never be given: it says what is wrong, and goes on with what works. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Parley, ParleyError, type Storage } from '../../client/index.ts';
import { memoryStorage } from '../../client/vault.ts';
import { FakeClients } from '../helper/fake-clients.ts';
import { type FakeService, tabs } from '../helper/fake-service.ts';

let clients: FakeClients;
let service: FakeService;
beforeEach(() => {
  clients = new FakeClients();
  service = clients.service;
});
afterEach(() => clients.close());

const open: FakeClients['open'] = (...how) => clients.open(...how);

const texts = (parley: Parley) =>
  parley
    .room('general')
    .messages.getSnapshot()
    .items.map((item) => item.text);
const problemsOf = (parley: Parley) => {
  const problems: string[] = [];
  parley.on('problem', ({ what }) => problems.push(what));
  return problems;
};

describe('a service that talks nonsense', () => {
  it.each([
    'not JSON',
    '[]',
    'null',
    '{}',
    '{"type":7}',
    '{"type":"events","room":"general"}',
    '{"type":"events","room":"general","events":[{"seq":"1"}]}',
    '{"type":"events","room":"general","events":[{"seq":-1,"type":"message.created"}]}',
    '{"type":"presence","room":7}',
    '{"type":"reply","id":"nobody asked"}',
    '{"type":"a frame of tomorrow","room":"general"}',
    '{"type":"notification"}',
  ])('is not believed: %s', async (frame) => {
    const parley = await open();
    service.commit({ text: 'before' });
    service.socket.say(frame);
    service.commit({ text: 'after' });
    await service.clock.pass(50);
    expect(texts(parley)).toEqual(['before', 'after']);
    expect(parley.state.getSnapshot().status).toBe('online');
  });

  it('an event of an unknown type is kept, passed on, and skipped', async () => {
    const parley = await open();
    const problems = problemsOf(parley);
    const heard: unknown[] = [];
    parley.room('general').on('event', (event) => heard.push(event));
    service.commit({ text: 'before' });
    const unknown = service.commit({ type: 'poll.opened', question: 'why?' });
    service.commit({ text: 'after' });
    await service.clock.pass(50);
    expect(texts(parley)).toEqual(['before', 'after']);
    expect(heard).toHaveLength(3);
    expect(heard[1]).toEqual(unknown);
    expect(problems).toHaveLength(1);
  });

  it('an event of a known type that lacks what it needs changes nothing, and holds nothing up', async () => {
    const parley = await open();
    service.commit({ text: 'before' });
    service.commit({ type: 'message.edited', target: 'one' });
    service.commit({ text: undefined });
    service.commit({ text: 'after' });
    await service.clock.pass(50);
    expect(texts(parley)).toEqual(['before', 'after']);
  });

  it.each([
    ['the answer to a sync', 'sync', { rooms: 'none' }],
    ['a room of it', 'sync', { rooms: [{ room: 'general', seq: 'last', events: [] }] }],
    [
      'a sync without end',
      'sync',
      { rooms: [{ room: 'general', seq: 9, read: 0, unread: 0, mentions: 0, events: [], more: true }] },
    ],
  ])('%s that is not understood is a state that says so, and is tried again', async (_, action, data) => {
    const parley = await open();
    service.onCommand = (command) =>
      command.action === action ? { type: 'reply', id: command.id, data } : undefined;
    service.socket.cut();
    const seen: unknown[] = [];
    parley.state.subscribe(() => seen.push(parley.state.getSnapshot()));
    await service.clock.pass(20_000);
    expect(seen).toContainEqual(expect.objectContaining({ status: 'offline', reason: 'nonsense' }));
    service.onCommand = () => undefined;
    await service.clock.pass(60_000);
    expect(parley.state.getSnapshot().status).toBe('online');
  });

  it.each([
    ['<html>a proxy</html>', 200, 'internal'],
    ['<html>a proxy</html>', 502, 'unavailable'],
    [{ error: { code: 'conflict', message: 'unable to create the room; the id is taken' } }, 409, 'conflict'],
    [{ items: 'none' }, 200, 'internal'],
    [{ message: 'Internal Server Error' }, 500, 'unavailable'],
  ])('the answer %j with status %i is an error of the protocol: %s', async (body, status, code) => {
    const parley = await open();
    service.onCall = (path) => (path === '/rooms/public' ? { status, body } : undefined);
    const failure = await parley.discover().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ParleyError);
    expect(failure).toMatchObject({ code, message: expect.stringMatching(/^unable to .+; .+/) });
  });

  it('a page of history that is not understood is not shown, and can be asked for again', async () => {
    const parley = await open();
    for (let count = 0; count < 120; count++) service.commit({ text: `${count}` }, true);
    service.socket.cut();
    await service.clock.pass(2_000);
    await parley
      .room('general')
      .jumpTo(60)
      .catch(() => {});
    service.onCommand = ({ action, id }) =>
      action === 'history' ? { type: 'reply', id, data: { messages: [{ seq: 1 }], more: false } } : undefined;
    const before = texts(parley).length;
    const loading = parley
      .room('general')
      .loadOlder()
      .catch((error: unknown) => error);
    await service.clock.pass(100);
    expect((await loading) === undefined || (await loading) instanceof ParleyError).toBe(true);
    expect(texts(parley)).toHaveLength(before);
  });
});

describe('storage', () => {
  it('that is denied is said, and all goes on in memory', async () => {
    const openStorage = async () => {
      throw new Error('the user said no');
    };
    const parley = await open({ openStorage });
    expect(parley.storage.getSnapshot()).toEqual({ kind: 'memory', reason: 'the user said no' });
    parley.room('general').send('hello');
    await service.clock.pass(50);
    expect(texts(parley)).toEqual(['hello']);
    // The session lasts as long as the page: the token is renewed from memory.
    await service.clock.pass(60 * 60_000);
    expect(parley.state.getSnapshot().status).toBe('online');
  });

  it('that is full gives up what can be read again, then says so, and sends all the same', async () => {
    const below = memoryStorage();
    let room = 2;
    const storage: Storage = {
      ...below,
      async set(key, value) {
        const size = (await below.list('')).length;
        if ((await below.get(key)) === undefined && size >= room) throw new Error('QuotaExceededError');
        await below.set(key, value);
      },
    };
    const parley = await open({ storage });
    service.commit({ text: 'cached' });
    await service.clock.pass(2_000);
    expect((await below.list('cache/')).length).toBeGreaterThan(0);
    service.isUp = false;
    service.socket.cut();
    parley.room('general').send('kept instead of the cache');
    await service.clock.pass(10);
    expect(await below.list('cache/')).toEqual([]);
    expect(await below.list('outbox/')).toHaveLength(1);
    expect(parley.storage.getSnapshot().kind).toBe('persistent');
    room = 0;
    parley.room('general').send('in memory');
    await service.clock.pass(10);
    expect(parley.storage.getSnapshot()).toEqual({ kind: 'memory', reason: 'QuotaExceededError' });
    service.isUp = true;
    await service.clock.pass(60_000);
    expect(texts(parley)).toEqual(['cached', 'kept instead of the cache', 'in memory']);
    expect(await below.list('outbox/')).toEqual([]);
  });

  it('is that of the user alone, shown without a connection, and empty after logging out', async () => {
    const storage = memoryStorage();
    const first = await open({ storage });
    service.commit({ text: 'remember me' });
    await service.clock.pass(2_000);
    await first.close();
    service.isUp = false;
    service.onCall = () => ({ status: 503, body: {} });
    const second = await open({ storage }, false);
    expect(texts(second)).toEqual(['remember me']);
    expect(second.rooms.getSnapshot()).toMatchObject([
      { room: 'general', unread: 1, lastMessage: { text: 'remember me' } },
    ]);
    expect(second.state.getSnapshot().status).toBe('offline');
    second.room('general').send('never sent');
    const loggedOut = second.logout();
    await service.clock.pass(5_000);
    await loggedOut;
    expect(await storage.list('')).toEqual([]);
    expect(second.rooms.getSnapshot()).toEqual([]);
    expect(second.state.getSnapshot()).toEqual({ status: 'closed', reason: 'logged_out' });
  });
});

describe('a clock that is wrong by a day', () => {
  it.each([-1, 1])(
    '(%i) changes nothing: tokens, sends and order go by what the service says',
    async (days) => {
      let skew = 0;
      const storage = memoryStorage();
      const date = () => new Date(service.epoch + service.clock.now + skew);
      const parley = await open({ storage, date });
      parley.room('general').send('one');
      await service.clock.pass(50);
      skew = days * 24 * 60 * 60_000;
      service.isUp = false;
      service.socket.cut();
      parley.room('general').send('two');
      skew = 0;
      parley.room('general').send('three');
      await service.clock.pass(1_000);
      service.isUp = true;
      await service.clock.pass(40 * 60_000);
      expect(texts(parley)).toEqual(['one', 'two', 'three']);
      expect(parley.state.getSnapshot().status).toBe('online');
      expect(service.calls.filter((call) => call.endsWith('/auth/refresh')).length).toBeLessThan(6);
    },
  );
});

describe('the session', () => {
  it('is renewed by one tab for all', async () => {
    const storage = memoryStorage();
    const channel = tabs();
    const first = await open({ storage, openChannel: channel });
    const others = await Promise.all([1, 2, 3].map(() => open({ storage, openChannel: channel }, false)));
    const before = service.calls.filter((call) => call.endsWith('/auth/refresh')).length;
    await service.clock.pass(800_000);
    expect(service.calls.filter((call) => call.endsWith('/auth/refresh')).length).toBe(before + 1);
    for (const tab of [first, ...others]) expect(tab.state.getSnapshot().status).toBe('online');
  });

  it('P9 ends in all tabs with a logout, and where the service says so', async () => {
    const storage = memoryStorage();
    const channel = tabs();
    const first = await open({ storage, openChannel: channel });
    const second = await open({ storage, openChannel: channel }, false);
    const out = first.logout();
    await service.clock.pass(100);
    await out;
    expect(second.state.getSnapshot()).toEqual({ status: 'closed', reason: 'logged_out' });
    expect(second.session.getSnapshot()).toBeUndefined();
    const third = await open({ storage });
    service.onCall = (path) =>
      path.startsWith('/auth/')
        ? {
            status: 401,
            body: { error: { code: 'unauthenticated', message: 'unable to refresh; it was used' } },
          }
        : undefined;
    third.room('general').send('not lost');
    service.isUp = false;
    service.socket.cut();
    await service.clock.pass(60_000);
    expect(third.state.getSnapshot()).toEqual({ status: 'closed', reason: 'session_revoked' });
    expect(third.session.getSnapshot()).toBeUndefined();
  });

  it('of the next user holds nothing that was still to be kept of the one before', async () => {
    const storage = memoryStorage();
    const parley = await open({ storage });
    service.commit({ text: 'for alice alone' });
    await service.clock.pass(50);
    service.onCommand = ({ action, id }) =>
      action === 'sync' ? { type: 'reply', id, data: { rooms: [] } } : undefined;
    service.onCall = (path) => {
      if (path === '/rooms') return { status: 200, body: { items: [] } };
      const tokens = { accessToken: 'a', refreshToken: 'r', expiresIn: 900 };
      const user = { user: 'bobby', displayName: 'Bob' };
      return path === '/auth/login' ? { status: 200, body: { user, ...tokens } } : undefined;
    };
    const entered = parley.login({ username: 'bobby', password: 'long enough' });
    await service.clock.pass(3_000);
    expect((await entered).user).toBe('bobby');
    expect(parley.rooms.getSnapshot()).toEqual([]);
    expect(JSON.stringify(await storage.list(''))).not.toContain('for alice alone');
  });

  it('an answer that was lost is asked for again with the same token', async () => {
    const parley = await open();
    let lost = 0;
    service.onCall = (path) => {
      if (path !== '/auth/refresh' || lost++ > 2) return undefined;
      return { status: 503, body: {} };
    };
    await service.clock.pass(1_000_000);
    expect(lost).toBeGreaterThan(2);
    expect(parley.state.getSnapshot().status).toBe('online');
    expect(service.sockets).toHaveLength(1);
  });
});
