import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bodyOf, freshName, register } from '../helper/account.ts';
import { HandshakeRefusal, openClient } from '../helper/client.ts';
import { pause } from '../helper/endpoint.ts';
import { type Started, startService } from '../helper/start.ts';
import { randomOf } from '../simulation/random.ts';
import { killGateway, metricsOf, readHistory, Talker, untilAllAnswer } from './several-gateways-helper.ts';

const KILLS = 6;
const MESSAGES_BETWEEN_KILLS = 12;
/** A sender that waits for each acknowledgement, and then this long, milliseconds. */
const PACE_MS = 25;
/** Long enough for a gateway to come back on a busy machine; alone on it, a third of a second. */
const BACK_MS = 10_000;

let service: Started;

beforeAll(async () => {
  service = await startService({ commandsPerMinute: '100000', commandBurst: '10000' }, ['--gateways', '2']);
}, 120_000);
afterAll(() => service?.close());

/** A room whose members are the people of these names, each first at the gateway beside its name. */
async function gather(names: readonly (readonly [string, number])[]) {
  const room = freshName('gateways');
  const accounts = await Promise.all(
    names.map(([name, at]) => register(service.gateways[at] ?? service, name)),
  );
  const [owner, ...others] = accounts;
  bodyOf((await owner?.call('POST', '/api/rooms', { room, name: room, kind: 'public' })) ?? never(), 201);
  for (const other of others) bodyOf(await other.call('POST', `/api/rooms/${room}/join`), 200);
  const talkers = accounts.map(
    (account, index) => new Talker(account, service.gateways, names[index]?.[1] ?? 0, room),
  );
  return { room, talkers };
}

function never(): never {
  throw new Error('there is nobody');
}

describe('two gateways over one database', () => {
  it('give two addresses, the first of which is the service’s', () => {
    expect(service.gateways).toHaveLength(2);
    expect(service.gateways[0]).toEqual({ http: service.http, websocket: service.websocket });
    expect(service.gateways[1]?.http).not.toBe(service.http);
  });

  it('P4 delivered: what is said at one is heard at the other', async () => {
    const { talkers } = await gather([
      ['alice', 0],
      ['bob', 1],
    ]);
    const [alice = never(), bob = never()] = talkers;
    const [hers, his] = await Promise.all([alice.online(), bob.online()]);
    await alice.say('a1', 'hello');
    await bob.say('b1', 'hello yourself');
    const said = talkers.flatMap(({ acknowledged }) => [...acknowledged.values()]);
    for (const [client, talker] of [
      [hers, alice],
      [his, bob],
    ] as const)
      for (const seq of said)
        await client.waitFor(`event ${seq}`, () => (talker.held.has(seq) ? seq : undefined));
    const { connections, gateways } = await metricsOf(service.gateways);
    expect(connections).toBe(2);
    expect(gateways.map(({ counters }) => counters.connections)).toEqual([1, 1]);
    for (const talker of talkers) talker.close();
  });

  it('P1 P3 P4 P5: killed at any moment under load, nobody misses or doubles anything', async () => {
    const { room, talkers } = await gather([
      ['alice', 0],
      ['bob', 1],
      ['carol', 0],
      ['dave', 1],
    ]);
    await Promise.all(talkers.map((talker) => talker.online()));
    const random = randomOf(20_261_121);
    let killing = true;
    const talking = talkers.map(async (talker) => {
      for (let n = 1; killing; n++) {
        await talker.say(`${talker.account.user}:${n}`, `${talker.account.user} says ${n}`);
        await pause(PACE_MS);
      }
    });
    const killed = new Set<number>();
    const count = () => talkers.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0);
    for (let kill = 0; kill < KILLS; kill++) {
      const saidBefore = count();
      await pause(random.between(300, 1200));
      // However slow the machine: a kill without load shows nothing.
      await until(async () => count() >= saidBefore + MESSAGES_BETWEEN_KILLS, 30_000);
      const index = kill < 2 ? kill : random.between(0, 1);
      killed.add(await killGateway(service.gateways, index));
    }
    await pause(500);
    killing = false;
    await Promise.all(talking);
    await untilAllAnswer(service.gateways);

    const everything = new Map(talkers.flatMap(({ acknowledged }) => [...acknowledged]));
    const end = Math.max(...everything.values());
    for (const talker of talkers) await talker.sync(await talker.online());
    const [reference = never()] = talkers;
    const numbers = Array.from({ length: end }, (_, index) => index + 1);
    for (const talker of talkers) {
      // No gap, no number beyond, and everybody has the same under each.
      expect([...talker.held.keys()].toSorted((a, b) => a - b)).toEqual(numbers);
      for (const seq of numbers) expect(talker.held.get(seq)).toEqual(reference.held.get(seq));
      // P4: in order on each connection; what is delivered again is not news.
      for (const heard of talker.heard) {
        const news = heard.filter((seq, index) => seq > Math.max(0, ...heard.slice(0, index)));
        expect([...new Set(heard)]).toEqual(news);
      }
    }
    // Each acknowledged message is there once, under the number that its sender was told.
    const said = [...reference.held.values()].filter(({ type }) => type === 'message.created');
    expect(said).toHaveLength(everything.size);
    expect(new Map(said.map((event) => [event.id, event.seq]))).toEqual(everything);
    // History agrees, whichever gateway is asked.
    const lines = said.toSorted((a, b) => a.seq - b.seq).map((event) => ({ seq: event.seq, id: event.id }));
    for (const gateway of service.gateways) {
      const history = await readHistory(gateway, reference.account.token, room);
      expect(history.map(({ seq, id }) => ({ seq, id }))).toEqual(lines);
      for (const { id, user, text } of history) expect(text).toBe(`${user} says ${id.split(':')[1]}`);
    }
    expect(killed.size).toBe(KILLS);
    const { gateways } = await metricsOf(service.gateways);
    expect(gateways.reduce((sum, { restarts }) => sum + restarts, 0)).toBeGreaterThanOrEqual(KILLS);
    const waits = talkers.map(({ longestWait }) => Math.round(longestWait));
    console.log(`${everything.size} messages, ${KILLS} kills, longest waits ${waits.join(', ')} ms`);
    for (const talker of talkers) talker.close();
  }, 240_000);

  it('comes back on its port by itself, and answers 410 for the connections of the dead', async () => {
    const { talkers } = await gather([
      ['alice', 0],
      ['bob', 1],
    ]);
    const [alice = never(), bob = never()] = talkers;
    const [, his] = await Promise.all([alice.online(), bob.online()]);
    const before = await metricsOf(service.gateways);
    const pid = await killGateway(service.gateways, 1);
    await his.closed;
    const killedAt = performance.now();
    const second = service.gateways[1] ?? never();
    for (;;) {
      try {
        const client = await openClient(second, { token: bob.account.token });
        client.terminate();
        break;
      } catch (error) {
        if (error instanceof HandshakeRefusal || performance.now() - killedAt > BACK_MS) throw error;
        await pause(20);
      }
    }
    const back = await metricsOf(service.gateways);
    expect(back.gateways[1]?.pid).not.toBe(pid);
    expect(back.gateways[1]?.port).toBe(before.gateways[1]?.port);
    await alice.say('after', 'are you there?');
    await until(
      async () =>
        ((await metricsOf(service.gateways)).gateways[1]?.counters.posts[410] ?? 0) >
        (before.gateways[1]?.counters.posts[410] ?? 0),
    );
    alice.close();
  });

  describe('under a fault plan', () => {
    const at = (index: number) => service.gateways[index] ?? never();
    const follow = async (index: number, ...faults: object[]) => {
      const body = JSON.stringify({ seed: 1, faults });
      const response = await fetch(`${at(index).http}/_local/faults`, { method: 'PUT', body });
      expect(response.status).toBe(200);
    };
    const happened = async (index: number): Promise<number[]> => {
      const response = await fetch(`${at(index).http}/_local/faults`);
      const { counts } = (await response.json()) as { counts: { happened: number }[] };
      return counts.map((count) => count.happened);
    };
    const statuses = async (account: { token: string }) => {
      const found = [];
      for (const { http } of service.gateways) {
        const headers = { authorization: `Bearer ${account.token}` };
        found.push((await fetch(`${http}/api/rooms`, { headers })).status);
      }
      return found;
    };
    const end = () => fetch(`${at(0).http}/_local/faults`, { method: 'DELETE' });

    it('each function dies at whichever of them, and together no more often than the plan says', async () => {
      const alice = await register(at(0), 'alice');
      expect(await statuses(alice)).toEqual([200, 200]);
      const match = { function: 'HttpHandler' };
      await follow(1, { kind: 'crash', when: 'before', probability: 1, match });
      expect(await statuses(alice)).toEqual([500, 500]);
      expect(await happened(0)).toEqual([2]);

      await follow(0, { kind: 'crash', when: 'after', probability: 1, count: 1, match });
      expect(await statuses(alice)).toEqual([500, 200]);
      expect(await happened(1)).toEqual([1]);

      // The call is made in a gateway's process and seen in the engine's.
      await follow(1, { kind: 'crash', when: 'between', probability: 1, count: 2, match });
      expect(await statuses(alice)).toEqual([500, 500]);
      await end();
      expect(await statuses(alice)).toEqual([200, 200]);
      expect(await happened(0)).toEqual([]);
    });

    it('posts fail at each, and a process that is started again goes on with the plan', async () => {
      const { talkers } = await gather([
        ['alice', 0],
        ['bob', 1],
      ]);
      const [alice = never(), bob = never()] = talkers;
      await Promise.all([alice.online(), bob.online()]);
      await follow(0, { kind: 'post', answer: 'throttled', probability: 1, count: 6 });
      await alice.say('a1', 'hello');
      await until(async () => ((await happened(1))[0] ?? 0) >= 2);
      const posts = (await metricsOf(service.gateways)).gateways.map(
        ({ counters }) => counters.posts[429] ?? 0,
      );
      expect(posts.every((count) => count > 0)).toBe(true);

      await follow(0, { kind: 'crash', when: 'before', probability: 1, match: { function: 'HttpHandler' } });
      const pid = await killGateway(service.gateways, 1);
      await until(async () => (await metricsOf(service.gateways)).gateways[1]?.pid !== pid);
      await until(async () =>
        fetch(`${at(1).http}/api/rooms`).then(
          ({ status }) => status === 500,
          () => false,
        ),
      );
      await end();
      for (const talker of talkers) talker.close();
    });
  });

  it('end with the engine, though it is killed', async () => {
    const { gateways } = await metricsOf(service.gateways);
    process.kill(service.pid, 'SIGKILL');
    for (const { pid } of gateways) await until(async () => !isAlive(pid));
  });
});

/** Polls until it is so. */
async function until(check: () => Promise<boolean>, withinMs = BACK_MS): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await check())) {
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms`);
    await pause(50);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
