import { type Account, register } from '../helper/account.ts';
import { type Endpoint, patience, pause } from '../helper/endpoint.ts';
import { createRoom, readLog } from '../helper/room.ts';
import type { RoomEvent } from '../helper/wire.ts';
import { isOwing } from './check-delivery.ts';
import { countedFor } from './counted.ts';
import { Device } from './device.ts';
import { factsOf } from './facts.ts';
import type { History } from './history.ts';
import { readAlong } from './marks.ts';
import { changeMessages, shownTo } from './messages.ts';
import { moderate } from './moderation.ts';
import type { Noise } from './noise.ts';
import { Person } from './person.ts';
import { type Random, randomOf } from './random.ts';
import { Recorder } from './recorder.ts';
import { comeAndGo } from './sessions.ts';

/** How large a run is. Every number of it is decided by the seed. */
const PEOPLE = { least: 3, most: 5 };
const ROOMS = { least: 1, most: 3 };
const DEVICES = { least: 1, most: 2 };
/** Times the patience after noise: retries of streams are up to ten seconds apart. */
const NOISY_PATIENCE = 3;
/** What each device does one after the other. */
const STEPS = { least: 10, most: 20 };
/** The same where things go wrong, each of which costs time. */
const NOISY_STEPS = { least: 8, most: 18 };

/** What a device does, and how often. */
const STEP_WEIGHTS = {
  /** Sends one message and waits for the reply. */
  say: 30,
  /** Sends several without waiting. */
  burst: 8,
  /** Sends one message over all connections of the person and over HTTP, at once. */
  everywhere: 10,
  /** Sends a message of long ago again, over the connection or HTTP. */
  repeat: 8,
  /** Joins a room or leaves it. */
  move: 12,
  /** Loses its connection with messages under way, and comes back. */
  cut: 7,
  /** Closes its connection, and comes back. */
  reopen: 3,
  /** Reads a page of history, perhaps of a room that it is not in. */
  page: 5,
  /** Writes to a room that the person is not in. */
  intrude: 5,
  rest: 12,
} as const;

/** People who take part in several runs: to register costs a password hash. */
export class Crowd {
  readonly #endpoint: Endpoint;
  readonly #accounts: Account[] = [];

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  async accounts(count: number): Promise<Account[]> {
    while (this.#accounts.length < count) this.#accounts.push(await register(this.#endpoint, 'sim'));
    return this.#accounts.slice(0, count);
  }
}

/**
 * One run: several people with one or two devices each talk, move, repeat themselves, and lose their connections, as the seed
 * decides; then all come together, and the logs are read. One more person, who made the rooms, listens, and invites, removes, mutes and
 * bans the others.
 *
 * @param noise what goes wrong meanwhile; it is over before all come together.
 */
export async function simulate(crowd: Crowd, seed: number, noise?: Noise): Promise<History> {
  const calm = noise === undefined;
  const random = randomOf(seed);
  const [keeperAccount, ...accounts] = await crowd.accounts(1 + random.between(PEOPLE.least, PEOPLE.most));
  if (!keeperAccount) throw new Error('unable to simulate; nobody is there');
  const roomCount = random.between(ROOMS.least, ROOMS.most);
  const rooms = await Promise.all(Array.from({ length: roomCount }, () => createRoom(keeperAccount)));
  const recorder = new Recorder();
  const all = new Set(rooms);
  const traits = { expectsCrashes: !calm, names: [keeperAccount, ...accounts].map(({ user }) => user) };
  const keeper = new Device('the keeper', new Person(keeperAccount, recorder, traits), recorder, all);
  const people = accounts.map((account) => new Person(account, recorder, traits));
  const devices = people.flatMap((person, number) =>
    Array.from(
      { length: random.between(DEVICES.least, DEVICES.most) },
      (_, index) => new Device(`person ${number + 1}, device ${index + 1}`, person, recorder, all),
    ),
  );
  try {
    await keeper.connect();
    await noise?.begin();
    const siblings = (device: Device) => devices.filter(({ person }) => person === device.person);
    const lives = Promise.all(
      devices.map((device) => live(device, siblings(device), rooms, random.fork(device.name))),
    );
    await Promise.all([
      lives,
      moderate(keeper.person, { devices, rooms }, recorder, random.fork(keeper.name)),
      ...[keeper.person, ...people].map((person, number) =>
        changeMessages(person, rooms, person === keeper.person, random.fork(`changes ${number}`)),
      ),
      ...[keeper, ...devices].map((device, number) =>
        readAlong(device, { rooms, others: lives }, recorder, random.fork(`marks ${number}`)),
      ),
      ...people.slice(0, 1).map((person) => comeAndGo(person, recorder, all, random.fork('sessions'))),
    ]);
    await noise?.end();
    await Promise.all(devices.map((device) => device.online()));
    const logs = await quiet(keeper, rooms, recorder, calm);
    for (const device of [keeper, ...devices]) {
      // Only what is made to go wrong closes a connection just now.
      while (!(await device.sync(await device.online())) && !calm);
    }
    const shown = await shownTo(keeper.person.account, logs, calm);
    const history = { occurrences: [...recorder.occurrences], logs, shown, calm };
    return { ...history, counted: await countedFor([keeperAccount, ...accounts], history) };
  } finally {
    await noise?.end();
    for (const device of [keeper, ...devices]) device.close();
  }
}

/** A device's life: so many steps, each as its own random says. */
async function live(
  device: Device,
  siblings: readonly Device[],
  rooms: readonly string[],
  random: Random,
): Promise<void> {
  const { least, most } = device.person.expectsCrashes ? NOISY_STEPS : STEPS;
  const steps = random.between(least, most);
  await device.connect();
  for (let step = 0; step < steps; step++) {
    await act(random.weighted(STEP_WEIGHTS), device, siblings, rooms, random);
  }
}

async function act(
  step: keyof typeof STEP_WEIGHTS,
  device: Device,
  siblings: readonly Device[],
  rooms: readonly string[],
  random: Random,
): Promise<void> {
  const { person } = device;
  const inside = rooms.filter((room) => person.inside.has(room));
  const outside = rooms.filter((room) => !person.inside.has(room));
  const room = random.pick(inside);
  const messages = (count: number) =>
    room === undefined ? [] : Array.from({ length: count }, () => person.message(room, random));
  switch (step) {
    case 'say':
      for (const message of messages(1)) await device.send(message);
      return room === undefined ? act('move', device, siblings, rooms, random) : undefined;
    case 'burst':
      await Promise.all(messages(random.between(2, 5)).map((message) => device.send(message)));
      return;
    case 'everywhere':
      for (const message of messages(1)) {
        const over = siblings.filter((sibling) => sibling === device || sibling.client);
        const posts = Array.from({ length: random.between(0, 2) }, () => person.send(message, 'http'));
        await Promise.all([...over.map((sibling) => sibling.send(message)), ...posts]);
      }
      return;
    case 'repeat': {
      const command = random.pick(person.said);
      if (!command) return;
      await (random.chance(0.5) ? device.send(command) : person.send(command, 'http'));
      return;
    }
    case 'move': {
      const to = random.pick(rooms);
      if (to === undefined) return;
      await device.send(person.move(person.inside.has(to) ? 'leaveRoom' : 'joinRoom', to));
      return;
    }
    case 'cut':
      return device.cut(messages(random.between(0, 3)), random);
    case 'reopen':
      return device.reopen(random);
    case 'page': {
      const of = random.pick(rooms);
      return of === undefined ? undefined : device.readPage(of);
    }
    case 'intrude': {
      const into = random.pick(outside);
      if (into !== undefined) await device.send(person.message(into, random));
      return;
    }
    case 'rest':
      return pause(random.between(0, 15));
  }
}

/** Waits until every connection was told what it is owed, or its time is over; gives the logs. */
async function quiet(
  keeper: Device,
  rooms: readonly string[],
  recorder: Recorder,
  calm: boolean,
): Promise<ReadonlyMap<string, readonly RoomEvent[]>> {
  const deadline = Date.now() + (calm ? 1 : NOISY_PATIENCE) * patience().forWhatMustCome;
  for (;;) {
    const client = await keeper.online();
    const logs = new Map<string, readonly RoomEvent[]>();
    try {
      for (const room of rooms) logs.set(room, await readLog(client, room));
    } catch (error) {
      // A connection that could not be kept up to date is closed some seconds after the noise.
      if (calm || !client.end || Date.now() > deadline) throw error;
      continue;
    }
    const owing = isOwing(factsOf({ occurrences: recorder.occurrences, logs, calm }));
    if (!owing || Date.now() > deadline) return logs;
    await pause(20);
  }
}
