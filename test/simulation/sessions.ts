import { Account, bodyOf, call, type Tokens } from '../helper/account.ts';
import { patience, pause } from '../helper/endpoint.ts';
import { Device } from './device.ts';
import { Person } from './person.ts';
import type { Random } from './random.ts';
import type { Recorder } from './recorder.ts';

/** Sessions of one person that come and go in a run: each costs a password hash. */
const SESSIONS = { least: 1, most: 2 };
const RETRY_PAUSE = 50;
/** Milliseconds that a session lives, at most. */
const LIFE = 400;

/** A person's further devices, one after the other: each logs in, listens, and logs out. P9 is judged by what they write down. */
export async function comeAndGo(
  person: Person,
  recorder: Recorder,
  rooms: ReadonlySet<string>,
  random: Random,
): Promise<void> {
  const sessions = random.between(SESSIONS.least, SESSIONS.most);
  for (let session = 0; session < sessions; session++) {
    const account = await logIn(person);
    const own = new Person(account, recorder, { expectsCrashes: person.expectsCrashes });
    const device = new Device(`${person.user} for a while`, own, recorder, rooms);
    try {
      await device.connect();
      await pause(random.between(0, LIFE));
      await logOut(device, account, recorder);
    } finally {
      device.close();
    }
  }
}

/** Ends the session, and writes down what becomes of its connection. */
async function logOut(device: Device, account: Account, recorder: Recorder): Promise<void> {
  const client = await device.online();
  const { connection } = device;
  if (connection === undefined) throw new Error('unable to log out; the connection has no number');
  recorder.note({ kind: 'logging out', connection });
  const status = await untilAnswered(() => account.call('POST', '/api/auth/logout'));
  // 401: a try that seemed to fail had ended the session.
  if (status !== 204 && status !== 401) throw new Error(`a logout was answered ${status}`);
  const from = Date.now();
  await Promise.race([client.closed, pause(patience().forWhatMustCome)]);
  recorder.note({ kind: 'logged out', connection, milliseconds: client.end ? Date.now() - from : undefined });
}

async function logIn({ account }: Person): Promise<Account> {
  const { endpoint, user, password } = account;
  const body = { username: user, password };
  for (;;) {
    const answer = await call(endpoint, 'POST', '/api/auth/login', { body });
    if (answer.status < 500) {
      return new Account(endpoint, user, password, bodyOf<Tokens>(answer, 200).accessToken);
    }
    await pause(RETRY_PAUSE);
  }
}

/** The status, once it is not API Gateway's own for a function that failed. */
async function untilAnswered(ask: () => Promise<{ readonly status: number }>): Promise<number> {
  for (;;) {
    const { status } = await ask();
    if (status < 500) return status;
    await pause(RETRY_PAUSE);
  }
}
