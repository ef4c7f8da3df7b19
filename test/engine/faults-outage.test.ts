import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Account, people, register } from '../helper/account.ts';
import { pause } from '../helper/endpoint.ts';
import { createRoom } from '../helper/room.ts';
import { type NoisyService, startNoisyService } from '../simulation/noise.ts';

const TIME_LIMIT = 120_000;
/** More than a stream's first five retries take, milliseconds. */
const OUTAGE = 10_000;

let service: NoisyService;
let alice: Account;
let bob: Account;
let room: string;
beforeAll(async () => {
  service = await startNoisyService();
  [alice, bob] = await people(service.started, 'alice', 'bob');
  room = await createRoom(alice, { members: [bob] });
}, TIME_LIMIT);
afterAll(async () => {
  alice.disconnect();
  bob.disconnect();
  await service.started.close();
});

describe('an outage', { timeout: TIME_LIMIT }, () => {
  it('P4 of the fan-out delays events, and loses none', async () => {
    const hearing = await bob.connect();
    const sending = await alice.connect();
    const fault = {
      kind: 'error',
      error: 'InternalServerError',
      probability: 1,
      match: { function: 'fanout' },
    };
    const noise = service.noise({ seed: 1, faults: [fault] });
    await noise.begin();
    const { seq } = await sending.command('sendMessage', { room, text: 'during the outage' });
    await pause(OUTAGE);
    expect(hearing.heard(room).some((event) => event.seq === seq)).toBe(false);
    await noise.end();
    const after = await sending.command('sendMessage', { room, text: 'after it' });
    // The stream's reader comes back at growing pauses, of ten seconds at most.
    const last = () => hearing.heard(room).find((event) => event.seq === after.seq);
    await hearing.waitFor('what was sent after the outage', last, TIME_LIMIT / 2);
    // What was before the outage may have come late.
    const heard = hearing.heard(room).map((event) => event.seq);
    expect(heard.filter((one) => one >= seq)).toEqual([seq, after.seq]);
  });
});

/** Lets the table take so many writes of that kind whose answer is lost. */
async function losing<T>(operation: string, count: number, act: () => Promise<T>): Promise<T> {
  const lost = { kind: 'error', error: 'InternalServerError', lost: true, probability: 1, count };
  const noise = service.noise({ seed: 1, faults: [{ ...lost, match: { operation, function: 'http' } }] });
  await noise.begin();
  try {
    return await act();
  } finally {
    await noise.end();
  }
}

describe('a lost answer of the table', { timeout: TIME_LIMIT }, () => {
  it('P2 P3: does not keep the one who made a room from having made it', async () => {
    await losing('PutItem', 1, () => createRoom(alice));
  });

  it('P2 P3: does not keep the one who registers from the name', async () => {
    const account = await losing('PutItem', 1, () => register(service.started, 'carol'));
    expect((await account.call('GET', '/api/rooms')).status).toBe(200);
  });
});
