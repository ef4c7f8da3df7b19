/** Presence while gateways are killed: nobody tells of the connections that died with them. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Account, bodyOf, freshName, register } from '../helper/account.ts';
import { openClient } from '../helper/client.ts';
import { pause } from '../helper/endpoint.ts';
import { PresenceView } from '../helper/presence-view.ts';
import { type Started, startService } from '../helper/start.ts';
import { killGateway } from './several-gateways-helper.ts';

/** The shortest that the stack allows: at its end who watches connections finds those that are no more. */
const TOKEN_SECONDS = 60;
/** What it takes beyond that: a message of the queue, the grace, a second of the stream, all of it on a busy machine. */
const SLACK_MS = 40_000;

let service: Started;

beforeAll(async () => {
  service = await startService({ accessTokenSeconds: String(TOKEN_SECONDS), presenceGraceSeconds: '2' }, [
    '--gateways',
    '2',
  ]);
}, 120_000);
afterAll(() => service?.close());

const at = (index: number) => service.gateways[index] ?? service;

/** Waits until a view holds just these. */
async function untilSeen(view: PresenceView, room: string, people: readonly Account[], withinMs: number) {
  const wanted = people.map(({ user }) => user).sort();
  const end = performance.now() + withinMs;
  while (JSON.stringify(view.names(room)) !== JSON.stringify(wanted) && performance.now() < end)
    await pause(100);
  expect(view.names(room)).toEqual(wanted);
}

it('is true again after kill -9 of a gateway: who comes back stays, who does not is gone', async () => {
  const [alice, bob, carol] = await Promise.all(
    ['alice', 'bob', 'carol'].map((name) => register(service, name)),
  );
  if (!alice || !bob || !carol) throw new Error('nobody was registered');
  const room = freshName('room');
  bodyOf(await alice.call('POST', '/api/rooms', { room, name: room, kind: 'public' }), 201);
  for (const other of [bob, carol]) bodyOf(await other.call('POST', `/api/rooms/${room}/join`), 200);
  const hers = await openClient(at(0), { token: alice.token });
  const view = new PresenceView(hers);
  await view.ask(room);
  const doomed = [
    await openClient(at(1), { token: bob.token }),
    await openClient(at(1), { token: carol.token }),
  ];
  await untilSeen(view, room, [alice, bob, carol], 15_000);
  const before = view.frames;

  await killGateway(service.gateways, 1);
  await Promise.all(doomed.map(({ closed }) => closed));
  const back = await openClient(at(0), { token: carol.token });
  const his = new PresenceView(back);
  await his.ask(room);
  // Alice's own connection ends with her token, too: she looks by a new one, as a client does.
  await pause(1_000);
  expect(view.names(room)).toContain(carol.user);
  expect(view.frames).toBe(before);
  await hers.closed;
  const { accessToken: token } = bodyOf<{ accessToken: string }>(
    await alice.call('POST', '/api/auth/login', { username: alice.user, password: alice.password }),
    200,
  );
  const again = await openClient(at(0), { token });
  const seen = new PresenceView(again);
  await seen.ask(room);
  await untilSeen(seen, room, [alice], TOKEN_SECONDS * 1_000 + SLACK_MS);
  again.terminate();
}, 240_000);
