/** Three clients over a network that a seed makes bad, by a clock that passes when it is told: what takes minutes takes milliseconds. */
import { expect, it } from 'vitest';
import { connect, type Parley, type Socket } from '../../client/index.ts';
import { memoryStorage } from '../../client/vault.ts';
import { FakeService, type FakeService as Service } from '../helper/fake-service.ts';
import { type Random, randomOf } from '../simulation/random.ts';
import { chosenSeeds } from '../simulation/seeds.ts';

const USERS = ['alice', 'bobby', 'carol'];
/** Milliseconds of talk, then of quiet: every wait is shorter than that. */
const TALK = 240_000;
const QUIET = 180_000;

/** A socket whose frames are late, come twice, and stop coming: cut, or silently. */
function badSocket(service: Service, user: string, random: Random, isCalm: () => boolean): Socket {
  const below = service.open(user);
  const { clock } = service;
  let [inward, outward] = [0, 0];
  const carry = (last: number, act: () => void): number => {
    const times = !isCalm() && random.chance(0.1) ? 2 : 1;
    const due = Math.max(last, clock.now + (isCalm() ? 1 : random.between(1, 900)));
    clock.after(due - clock.now, () => {
      for (let time = 0; time < times; time++) act();
    });
    return due;
  };
  const socket: Socket = {
    onopen: null,
    onmessage: null,
    onclose: null,
    onerror: null,
    send: (data) => {
      outward = carry(outward, () => below.isOpen && below.send(data));
    },
    close: () => below.close(),
  };
  below.onopen = () => socket.onopen?.(undefined as never);
  below.onmessage = (event) => {
    inward = carry(inward, () => below.isOpen && !below.isSilent && socket.onmessage?.(event));
  };
  below.onclose = (event) => socket.onclose?.(event);
  if (random.chance(0.8)) {
    clock.after(random.between(10, 40_000), () => {
      if (isCalm()) return;
      if (random.chance(0.3)) below.isSilent = true;
      else below.cut();
    });
  }
  return socket;
}

it.each(chosenSeeds(20).seeds)('P1 P3 P4 P5: seed %i', async (seed) => {
  const random = randomOf(seed).fork('clients');
  const service = new FakeService();
  let calm = false;
  const heard = new Map<Parley, number>();
  const broken: string[] = [];
  const stores = USERS.map(() => memoryStorage());
  const load = (index: number): Parley => {
    const user = USERS[index] ?? '';
    const parley = connect({
      url: 'http://parley.test',
      platform: service.platform({
        user,
        storage: stores[index] ?? memoryStorage(),
        openSocket: () => badSocket(service, user, random, () => calm),
      }),
    });
    const room = parley.room('general');
    room.messages.subscribe(() => {
      const keys = room.messages.getSnapshot().items.map(({ key }) => key);
      if (new Set(keys).size !== keys.length) broken.push(`${user} showed a message twice`);
    });
    room.on('event', ({ seq }) => {
      const last = heard.get(parley);
      if (last !== undefined && seq !== last + 1) broken.push(`${user} heard ${seq} after ${last}`);
      heard.set(parley, seq);
    });
    return parley;
  };
  const clients = USERS.map((_, index) => load(index));
  const entering = clients.map((parley, index) =>
    parley.login({ username: USERS[index] ?? '', password: 'long enough' }),
  );
  await service.clock.pass(1_000);
  await Promise.all(entering);
  const written: string[] = [];
  while (service.clock.now < TALK) {
    await service.clock.pass(random.between(1, 6_000));
    const index = random.between(0, USERS.length - 1);
    const act = random.weighted({ say: 10, reload: 1, past: 1, end: 1 });
    const room = clients[index]?.room('general');
    if (act === 'reload') {
      const closing = clients[index]?.close();
      await service.clock.pass(10);
      await closing;
      clients[index] = load(index);
      await service.clock.pass(10);
    } else if (act === 'past') room?.jumpTo(random.between(1, 40)).catch(() => {});
    else if (act === 'end') room?.jumpToEnd().catch(() => {});
    else {
      for (let count = random.between(1, 4); count > 0; count--) {
        const text = `${USERS[index]} ${written.length}`;
        written.push(text);
        room?.send(text);
      }
    }
  }
  calm = true;
  await service.clock.pass(QUIET);
  const log = service.messages().map(({ text }) => String(text));
  expect(broken).toEqual([]);
  // Each was sent once, and those of one person in the order in which they were written.
  expect([...log].sort()).toEqual([...written].sort());
  for (const user of USERS) {
    const of = (texts: string[]) => texts.filter((text) => text.startsWith(user));
    expect(of(log)).toEqual(of(written));
  }
  for (const parley of clients) {
    const room = parley.room('general');
    const ended = room.jumpToEnd();
    await service.clock.pass(1_000);
    await ended;
    while (!room.messages.getSnapshot().atStart) {
      const loading = room.loadOlder();
      await service.clock.pass(1_000);
      await loading;
    }
    expect(room.messages.getSnapshot().items.map(({ status, text }) => `${status} ${text}`)).toEqual(
      log.map((text) => `sent ${text}`),
    );
    await parley.close();
  }
});
