/** The client against the engine: a bad network and a fault plan, by seed; then the two-hour cut, shortened to seconds. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, until } from '../../client/index.ts';
import { parseOptions } from '../../scripts/start/options.ts';
import { type RunningParley, startParley } from '../../scripts/start.ts';
import { freshName } from '../helper/account.ts';
import { pause } from '../helper/endpoint.ts';
import { planOf } from '../simulation/noise.ts';
import { randomOf } from '../simulation/random.ts';
import { chosenSeeds } from '../simulation/seeds.ts';
import { describeCalls } from './calls.ts';
import { Device, newPerson, type Person } from './device.ts';
import { Network } from './network.ts';
import { compare, type RunResult, run, type Storm } from './run.ts';

/** Seeds that run side by side on the one engine. */
const AT_ONCE = 5;
/** How old a connection may become here, milliseconds: two hours on AWS. */
const LIFETIME = 6_000;
/** Milliseconds for which things go wrong. */
const STORM_LASTS = 2_000;
const TIME_LIMIT = 180_000;
const { seeds } = chosenSeeds(6);
const groups = Array.from({ length: Math.ceil(seeds.length / AT_ONCE) }, (_, index) =>
  seeds.slice(index * AT_ONCE, (index + 1) * AT_ONCE),
);

let service: RunningParley;
let people: Person[][] = [];
const totals = {
  seeds: 0,
  messages: 0,
  sockets: 0,
  cuts: 0,
  silences: 0,
  repeats: 0,
  lostCalls: 0,
};

async function control(method: string, body?: object): Promise<void> {
  const response = await fetch(`${service.http}/_local/faults`, {
    method,
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  if (!response.ok) throw new Error(`the engine took no faults: ${await response.text()}`);
}

beforeAll(async () => {
  const args = ['--port', '0', '--no-demo', '-c', 'commandsPerMinute=1000000', '-c', 'commandBurst=100000'];
  const options = parseOptions(args);
  if (options === 'help') throw new Error('unable to start; that was a question for help');
  service = await startParley(options, { connectionLifetimeMs: LIFETIME, log: () => {} });
  const lanes = Math.min(AT_ONCE, seeds.length);
  people = await Promise.all(
    Array.from({ length: lanes }, () =>
      Promise.all(['ann', 'ben', 'cat'].map((name) => newPerson(service, freshName(name)))),
    ),
  );
}, TIME_LIMIT);
afterAll(async () => {
  console.log(`simulated clients: ${JSON.stringify(totals)}`);
  await service?.close();
});

/** A room that all of them are in. */
async function openRoom(group: readonly Person[]): Promise<string> {
  const network = new Network(randomOf(0));
  const clients = group.map(({ storage }) =>
    connect({
      url: service.http,
      websocketUrl: service.websocket,
      // On a busy machine a function's first answer may take longer than a connection lives here.
      timing: { giveUpAfter: TIME_LIMIT },
      platform: { ...network.platform(), openStorage: async () => storage },
    }),
  );
  const [owner, ...others] = clients;
  if (!owner) throw new Error('unable to open a room; nobody is there');
  await Promise.all(clients.map(({ state }) => until(state, ({ status }) => status === 'online')));
  const room = await owner.createRoom({ room: freshName('room'), name: 'A room', kind: 'public' });
  for (const other of others) await other.room(room.id).join();
  await Promise.all(clients.map((client) => client.close()));
  return room.id;
}

describe('what three clients show is the log, and what they sent is in it once', () => {
  it.each(groups)('P1 P3 P4 P5: seeds %i and next', { timeout: TIME_LIMIT }, async (...group) => {
    const rooms = await Promise.all(group.map((_, lane) => openRoom(people[lane] ?? [])));
    const storm = stormOf(group);
    const runs = group.map((seed, lane) => run(service, people[lane] ?? [], rooms[lane] ?? '', seed, storm));
    const results = await Promise.all(runs).finally(() => control('DELETE'));
    results.forEach(count);
    const told = results.flatMap(({ violations }, at) =>
      violations.map((what) => `seed ${group[at]}: ${what}`),
    );
    expect(told.slice(0, 20)).toEqual([]);
  });
});

describe('the cut after two hours, shortened to seconds', () => {
  it('P1 P3 P4 is never met: under load nothing is lost, nothing comes twice, and no break is seen', async () => {
    const [group = []] = people;
    const room = await openRoom(group);
    const network = new Network(randomOf(1));
    // Milliseconds: each connection is replaced between half of its life and three quarters.
    const timing = { connectionLifetime: 0.75 * LIFETIME, replaceWithin: 0.25 * LIFETIME };
    const devices = group.map(
      (person) => new Device(service, network, person, { room, random: randomOf(1), timing }),
    );
    await Promise.all(devices.map((device) => device.ready()));
    const breaks: unknown[] = [];
    for (const { parley } of devices) parley.state.subscribe(() => breaks.push(parley.state.getSnapshot()));
    for (const until = Date.now() + 1.6 * LIFETIME; Date.now() < until; ) {
      for (const device of devices) device.say();
      await pause(80);
    }
    const { violations } = await compare(devices);
    expect(violations.slice(0, 20)).toEqual([]);
    expect(breaks).toEqual([]);
    expect(network.counts.sockets).toBeGreaterThanOrEqual(2 * devices.length);
    for (const device of devices) device.close();
  });
});

describeCalls(() => service);

/** The fault plan of the first seed, for all of the group. */
function stormOf(group: readonly number[]): Storm {
  let end = (): void => {};
  let begin = (): void => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  let ready = 0;
  return {
    end: ended,
    async begin() {
      if (++ready < group.length) return begun;
      await control('PUT', planOf(group[0] ?? 0));
      begin();
      setTimeout(() => void control('DELETE').finally(end), STORM_LASTS);
    },
  };
}

function count({ messages, counts }: RunResult): void {
  totals.seeds += 1;
  totals.messages += messages;
  for (const name of Object.keys(counts) as (keyof typeof counts)[]) totals[name] += counts[name];
}
