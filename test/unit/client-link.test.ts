import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connect, type Parley, type Platform, type Timing } from '../../client/index.ts';
import { FakeService } from '../helper/fake-service.ts';

let service: FakeService;
let parley: Parley;
let platform: ReturnType<FakeService['platform']>;
beforeEach(() => {
  service = new FakeService();
});
afterEach(() => parley.close());

/** A client whose user is logged in and online. */
async function online(timing: Partial<Timing> = {}, changes: Partial<Platform> = {}): Promise<void> {
  platform = service.platform(changes);
  parley = connect({ url: 'http://parley.test', timing, platform });
  const entered = parley.login({ username: 'alice', password: 'long enough' });
  await service.clock.pass(100);
  await entered;
  await service.clock.pass(100);
  expect(parley.state.getSnapshot()).toEqual({ status: 'online' });
}

const texts = () =>
  parley
    .room('general')
    .messages.getSnapshot()
    .items.map((item) => item.text);

describe('the connection', () => {
  it('is known to be dead within fifteen seconds, and opened again', async () => {
    await online();
    service.isUp = false;
    const dead = service.socket;
    dead.isSilent = true;
    await service.clock.pass(14_600);
    expect(parley.state.getSnapshot().status).toBe('online');
    await service.clock.pass(400);
    expect(parley.state.getSnapshot()).toMatchObject({ status: 'offline', reason: 'unreachable' });
    expect(dead.isOpen).toBe(false);
    service.isUp = true;
    await service.clock.pass(30_000);
    expect(parley.state.getSnapshot().status).toBe('online');
  });

  it('stays as it is for as long as pings are answered', async () => {
    await online();
    await service.clock.pass(60 * 60_000);
    expect(service.sockets).toHaveLength(1);
    expect(service.socket.commands.filter(({ action }) => action === 'ping').length).toBeGreaterThan(300);
  });

  it('is asked less often while nobody looks, and at once when somebody does', async () => {
    let hidden = true;
    await online({}, { isHidden: () => hidden });
    await service.clock.pass(20 * 60_000);
    const pings = () => service.socket.commands.filter(({ action }) => action === 'ping').length;
    expect(pings()).toBeLessThan(7);
    const before = pings();
    hidden = false;
    platform.signal('visible');
    await service.clock.pass(1);
    expect(pings()).toBe(before + 1);
  });

  it('is replaced before two hours are over, and the old one closed after the new one has caught up', async () => {
    await online();
    const first = service.socket;
    const states: string[] = [];
    parley.state.subscribe(() => states.push(parley.state.getSnapshot().status));
    await service.clock.pass(110 * 60_000 - 300);
    expect(service.sockets).toHaveLength(1);
    let wasOpen: boolean | undefined;
    service.onCommand = ({ action }) => {
      if (action === 'sync') wasOpen = first.isOpen;
      return undefined;
    };
    await service.clock.pass(10 * 60_000 + 5_000);
    expect(service.sockets).toHaveLength(2);
    expect(wasOpen).toBe(true);
    expect(first.isOpen).toBe(false);
    expect(service.socket.isOpen).toBe(true);
    expect(states).toEqual([]);
  });

  it('is tried again after random waits that double up to half a minute', async () => {
    await online();
    service.isUp = false;
    const waits: number[] = [];
    parley.state.subscribe(() => {
      const state = parley.state.getSnapshot();
      if (state.status === 'offline') waits.push(state.retryInMs);
    });
    service.socket.cut();
    await service.clock.pass(5 * 60_000);
    const bounds = waits.map((_, index) => Math.min(30_000, 500 * 2 ** index));
    expect(waits.length).toBeGreaterThan(8);
    for (const [index, wait] of waits.entries()) expect(wait).toBeLessThanOrEqual(bounds[index] ?? 0);
    expect(new Set(waits).size).toBeGreaterThan(waits.length / 2);
  });

  it('is dropped when the machine says that the network is gone, and tried at once when it is back', async () => {
    await online();
    service.isUp = false;
    platform.signal('offline');
    await service.clock.pass(1);
    expect(parley.state.getSnapshot()).toMatchObject({ status: 'offline', reason: 'network' });
    await service.clock.pass(120_000);
    service.isUp = true;
    platform.signal('online');
    await service.clock.pass(50);
    expect(parley.state.getSnapshot().status).toBe('online');
  });

  it.each([
    ['session_revoked', false, 'closed'],
    ['removed', false, 'closed'],
    ['going_away', false, 'closed'],
    ['too_slow', true, 'online'],
    ['banned', true, 'online'],
    ['token_expired', true, 'online'],
    ['a code of tomorrow', true, 'online'],
    ['a code of tomorrow', false, 'closed'],
  ] as const)('P9 obeys closing with %s, reconnect %s', async (code, reconnect, status) => {
    await online();
    const before = service.sockets.length;
    service.socket.say({ type: 'closing', code, reconnect });
    await service.clock.pass(5_000);
    const state = parley.state.getSnapshot();
    expect(state.status).toBe(status);
    if (state.status === 'closed') expect(state.reason).toBe(code);
    expect(service.sockets.length).toBe(before + (reconnect ? 1 : 0));
    // Who has opened too many connections is still logged in.
    expect(parley.session.getSnapshot() === undefined).toBe(!reconnect && code !== 'going_away');
  });

  it('goes on with a fresh token before the old one ends, over the same socket', async () => {
    await online();
    await service.clock.pass(800_000);
    expect(service.calls.filter((call) => call.endsWith('/auth/refresh'))).toHaveLength(1);
    const told = service.socket.commands.filter(({ action }) => action === 'authenticate');
    expect(told).toMatchObject([{ token: 'access-2' }]);
    expect(service.sockets).toHaveLength(1);
  });

  it('P5 shows what was missed, and a gap is asked for and filled', async () => {
    await online();
    parley.room('general').messages.subscribe(() => {});
    await service.clock.pass(10);
    service.commit({ text: 'one' });
    const lost = service.commit({ text: 'two' }, true);
    service.commit({ text: 'three' });
    await service.clock.pass(10);
    expect(texts()).toEqual(['one']);
    await service.clock.pass(500);
    expect(texts()).toEqual(['one', 'two', 'three']);
    service.socket.cut();
    for (let count = 0; count < 250; count++) service.commit({ text: `away ${count}` });
    service.tell([lost]);
    await service.clock.pass(5_000);
    expect(texts()).toHaveLength(253);
    expect(texts().at(-1)).toBe('away 249');
  });

  it('P5 asks ever less often for a gap that is never filled, once for all that comes after it, and fills it when it can', async () => {
    await online();
    parley.room('general').messages.subscribe(() => {});
    service.commit({ text: 'one' });
    service.commit({ text: 'two' }, true);
    await service.clock.pass(10);
    const asked: number[] = [];
    service.onCommand = ({ action, id }) => {
      if (action !== 'sync') return undefined;
      asked.push(service.clock.now);
      const counts = { seq: service.log.length, read: 0, unread: 0, mentions: 0 };
      return {
        type: 'reply',
        id,
        data: { rooms: [{ room: 'general', ...counts, events: [], more: false }] },
      };
    };
    for (let count = 0; count < 20; count++) service.commit({ text: `after ${count}` });
    const began = service.clock.now;
    await service.clock.pass(2_000);
    expect(asked[0]).toBe(began + 250);
    expect(asked.length).toBeLessThan(8);
    await service.clock.pass(10 * 60_000);
    // Half a minute at most lies between two, a quarter of one on average, and no two clients have the same waits.
    const waits = asked.slice(1).map((at, index) => at - (asked[index] ?? 0));
    expect(asked.length).toBeLessThan(80);
    expect(Math.max(...waits)).toBeGreaterThan(10_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(30_250);
    expect(new Set(waits).size).toBeGreaterThan(waits.length / 2);
    expect(texts()).toEqual(['one']);
    service.onCommand = () => undefined;
    await service.clock.pass(31_000);
    expect(texts()).toHaveLength(22);
    // The next gap is asked for at once again.
    service.commit({ text: 'late' }, true);
    service.commit({ text: 'last' });
    await service.clock.pass(300);
    expect(texts().slice(-2)).toEqual(['late', 'last']);
  });

  it('lists the rooms though no socket opens, and asks again once one does', async () => {
    platform = service.platform();
    service.isUp = false;
    parley = connect({ url: 'http://parley.test', platform });
    const entered = parley.login({ username: 'alice', password: 'long enough' });
    await service.clock.pass(100);
    await entered;
    expect(parley.state.getSnapshot().status).not.toBe('online');
    expect(parley.rooms.getSnapshot()).toMatchObject([{ room: 'general', unread: 0 }]);
    service.commit({ text: 'meanwhile' });
    service.isUp = true;
    await service.clock.pass(60_000);
    expect(parley.rooms.getSnapshot()).toMatchObject([{ room: 'general', unread: 1 }]);
  });

  it('joins history to what comes meanwhile, without a hole, though the page was read before', async () => {
    await online();
    service.commit({ text: 'one' });
    const edited = service.commit({ text: 'two' });
    // The page is read now; before it arrives more happens, and is heard first.
    let page: unknown;
    service.onCommand = (command, socket) => {
      if (command.action !== 'history') return undefined;
      page = {
        type: 'reply',
        id: command.id,
        data: { room: 'general', messages: service.messages(), more: false },
      };
      service.commit({ text: 'three' });
      service.commit({ type: 'message.edited', target: edited.seq, text: 'two, better' });
      service.clock.after(50, () => socket.say(page));
      return { type: 'nothing' };
    };
    parley.room('general').messages.subscribe(() => {});
    await service.clock.pass(100);
    expect(texts()).toEqual(['one', 'two, better', 'three']);
  });

  it('P1 shows nothing before its turn, though a page of history has it already', async () => {
    await online();
    service.commit({ text: 'one' });
    const late = service.commit({ text: 'two' }, true);
    parley.room('general').messages.subscribe(() => {});
    await service.clock.pass(100);
    expect(texts()).toEqual(['one']);
    service.tell([late]);
    await service.clock.pass(10);
    expect(texts()).toEqual(['one', 'two']);
  });
});
