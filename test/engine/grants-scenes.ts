/** What users and AWS do, function by function: each scene needs every right of its function that is not for a race. */
import { shardOf } from '../../shared/data/subscriptions.ts';
import { bodyOf, call, register, type Tokens } from '../helper/account.ts';
import type { Client } from '../helper/client.ts';
import { openClient } from '../helper/client.ts';
import type { Items } from './grants-items.ts';
import { eraseAccount, makeKeys, rotateKeys } from './grants-scenes-accounts.ts';
import { keepFile, keepFiles, passFile, sendFile } from './grants-scenes-files.ts';
import { endSession, logOut, lookAtConnections } from './grants-scenes-live.ts';
import { CHANGE_SCENES, project, readHistory, send } from './grants-scenes-messages.ts';
import { MOMENT_SCENES } from './grants-scenes-moments.ts';
import { mention, notify } from './grants-scenes-notifications.ts';
import { rebuildRoom } from './grants-scenes-rebuild.ts';
import { trimRoom } from './grants-scenes-retention.ts';
import { publishWebsite } from './grants-scenes-website.ts';
import type { Scene, Stage } from './grants-stage.ts';

let rooms = 0;

async function newRoom({ alice }: Stage): Promise<string> {
  rooms += 1;
  const room = `scene-${process.pid}-${rooms}`;
  bodyOf(await alice.call('POST', '/api/rooms', { room, name: room, kind: 'public' }), 201);
  return room;
}

async function join({ bob }: Stage, room: string): Promise<void> {
  bodyOf(await bob.call('POST', `/api/rooms/${room}/join`), 200);
}

async function say({ alice }: Stage, room: string, text = 'hello'): Promise<number> {
  const answer = await alice.call('POST', `/api/rooms/${room}/messages`, { text });
  return bodyOf<{ seq: number }>(answer, 201).seq;
}

/** A subscription that a lost `$disconnect` left behind, of a connection that is long gone. */
async function leaveStale({ connections }: Stage, room: string, shards: number): Promise<string> {
  const id = `${Math.random().toString(36).slice(2, 14).padEnd(14, 'A')}=`;
  const common = {
    user: 'nobody',
    callback: await callbackOf(connections),
    connectedAt: Date.now() - 600_000,
  };
  const shard = shardOf(id, shards);
  await connections.put({ pk: `CONN#${id}`, sk: 'CONN', ...common });
  await connections.put({ pk: `SUBS#${room}#${shard}`, sk: id, ...common, since: 1 });
  return `CONN#${id}`;
}

/** Where the sockets of this engine are posted to, as a live connection's item has it. */
async function callbackOf(connections: Items): Promise<string> {
  const live = (await connections.scan()).find(({ sk }) => sk === 'CONN');
  if (!live) throw new Error('there is no live connection');
  return String(live.callback);
}

/** Joins and leaves with an open socket: the membership and what the socket hears. */
const changeMembership =
  (action: 'joinRoom' | 'leaveRoom'): Scene =>
  async (stage) => {
    const room = await newRoom(stage);
    const client = await stage.bob.connect();
    if (action === 'leaveRoom') {
      await join(stage, room);
      await client.untilHeard(room, 2);
    }
    const { seq } = await client.command(action, { room });
    if (action === 'leaveRoom') return;
    await client.untilHeard(room, seq);
    // A repeat of the leave's id: its effects are seen to again, whatever the command is called.
    const { seq: left } = await client.command('leaveRoom', { room, id: 'once' });
    const again = await client.command('joinRoom', { room, id: 'once' });
    if (again.seq !== left) throw new Error(`the same id made ${left} and ${again.seq}`);
  };

const ask =
  (run: (client: Client, room: string, stage: Stage) => Promise<unknown>): Scene =>
  async (stage) => {
    const room = await newRoom(stage);
    await run(await stage.alice.connect(), room, stage);
  };

const deliver =
  (shards: 1 | 2): Scene =>
  async (stage) => {
    const room = await newRoom(stage);
    if (shards > 1) await stage.connections.put({ pk: `SUBS#${room}#0`, sk: '#SHARDS', shards });
    const [alice, bob] = [await stage.alice.connect(), await stage.bob.connect()];
    await join(stage, room);
    await Promise.all([alice.untilHeard(room, 2), bob.untilHeard(room, 2)]);
    let seq = 0;
    // Who tells that the two came online may find the first one before the fan-out does.
    for (let round = 1; round <= 2; round++) {
      const stale = await leaveStale(stage, room, shards);
      seq = await say(stage, room);
      await Promise.all([alice.untilHeard(room, seq), bob.untilHeard(room, seq)]);
      await stage.connections.untilGone({ pk: stale, sk: 'CONN' });
    }
    await bob.command('leaveRoom', { room });
    await alice.untilHeard(room, seq + 1);
  };

/** Hears of somebody who came or went, by a post to a socket of alice. */
async function untilTold(listener: Client, user: string, online: boolean, from = 0): Promise<void> {
  await listener.waitFor(`${user} ${online ? 'online' : 'offline'}`, () =>
    listener.frames
      .slice(from)
      .find((frame) => frame.type === 'presence' && frame.user === user && frame.online === online),
  );
}

/** Somebody comes, is told to the room, and what died there is forgotten; a handler that closed a connection died before it was done. */
const comeOnline: Scene = async (stage) => {
  const room = await newRoom(stage);
  await join(stage, room);
  const listener = await stage.alice.connect();
  const carol = await register(stage.endpoint, 'carol');
  bodyOf(await carol.call('POST', `/api/rooms/${room}/join`), 200);
  const stale = await leaveStale(stage, room, 1);
  const client = await carol.connect();
  try {
    await untilTold(listener, carol.user, true);
    await stage.connections.untilGone({ pk: stale, sk: 'CONN' });
    const [left] = (await stage.connections.scan()).filter(
      ({ pk, sk }) => pk === `USER#${carol.user}` && sk !== 'PRESENCE',
    );
    if (!left) throw new Error('the connection has no item under its user');
    await stage.connections.delete({ pk: left.sk, sk: 'CONN' });
    await stage.connections.untilGone({ pk: left.pk, sk: left.sk });
  } finally {
    client.terminate();
  }
};

/** Somebody goes, and the grace is over; one of the rooms is told numbers alone. */
const leaveRooms: Scene = async (stage) => {
  const room = await newRoom(stage);
  const crowd = await newRoom(stage);
  const listener = await stage.alice.connect();
  const carol = await register(stage.endpoint, 'carol');
  for (const one of [room, crowd]) bodyOf(await carol.call('POST', `/api/rooms/${one}/join`), 200);
  const client = await carol.connect();
  await untilTold(listener, carol.user, true);
  // The follower has told all that there is to tell: what died is found by who tells of the end of the grace.
  for (const { user } of [stage.alice, carol]) {
    const presence = { pk: `USER#${user}`, sk: 'PRESENCE' };
    await stage.connections.until(presence, (item) => item?.online === true && item.told === item.version);
  }
  await stage.connections.put({ pk: `SUBS#${crowd}#0`, sk: '#ONLINE', count: 120 });
  const stale = await leaveStale(stage, room, 1);
  client.terminate();
  await untilTold(listener, carol.user, false);
  await stage.connections.untilGone({ pk: stale, sk: 'CONN' });
  await listener.waitFor(`the number of ${crowd}`, () =>
    listener.frames.find((frame) => frame.type === 'presence' && frame.room === crowd && frame.count === 1),
  );
};

/** Before somebody who was never online: no earlier scene has left a change untold. */
const goOffline: Scene = async (stage) => {
  const alice = await register(stage.endpoint, 'alice');
  try {
    await leaveRooms({ ...stage, alice });
  } finally {
    alice.disconnect();
  }
};

const settle: Scene = async (stage) => {
  const room = await newRoom(stage);
  const bob = await stage.bob.connect();
  await join(stage, room);
  const seq = await say(stage, room);
  // What a handler that died after its commit did not do.
  const event = { pk: `ROOM#${room}`, sk: `E#${String(seq).padStart(12, '0')}` };
  await stage.chat.delete(event);
  await stage.chat.until(event, (item) => item !== undefined);
  await bob.command('leaveRoom', { room });
  await stage.chat.until({ pk: `ROOM#${room}`, sk: 'HEAD' }, (head) => head?.settled === seq + 1);
  bodyOf(await stage.alice.call('DELETE', `/api/rooms/${room}`), 200);
  const membership = { pk: `USER#${stage.alice.user}`, sk: `ROOM#${room}` };
  await stage.chat.until(membership, (item) => item?.state === 'left');
};

const settledRooms = new Map<string, string>();

/** A room of bob's of which something is settled, so that a search asks the index. To wait for that takes a second, so that scenes share it. */
async function settledRoom(stage: Stage): Promise<string> {
  const known = settledRooms.get(stage.bob.user);
  if (known !== undefined) return known;
  const room = await newRoom(stage);
  await join(stage, room);
  await stage.chat.until({ pk: `ROOM#${room}`, sk: 'HEAD' }, (head) => Number(head?.settled) > 0);
  settledRooms.set(stage.bob.user, room);
  return room;
}

const useHttp: Scene = async (stage) => {
  const { endpoint } = stage;
  const carol = await register(endpoint, 'carol');
  const login = { username: carol.user, password: carol.password };
  const tokens = bodyOf<Tokens>(await call(endpoint, 'POST', '/api/auth/login', { body: login }), 200);
  const refresh = (refreshToken: string) =>
    call(endpoint, 'POST', '/api/auth/refresh', { body: { refreshToken } });
  const next = bodyOf<Tokens>(await refresh(tokens.refreshToken), 200);
  bodyOf(await refresh(next.refreshToken), 200);
  // Used again, long after: a thief's, or a thief was before; its session ends.
  bodyOf(await refresh(tokens.refreshToken), 401);
  bodyOf(await carol.call('PATCH', '/api/auth/me', { displayName: 'Carol' }), 200);
  await carol.ticket();
  const room = await newRoom(stage);
  const client = await stage.bob.connect();
  await join(stage, room);
  await client.untilHeard(room, 2);
  const seq = await say(stage, room);
  await client.untilHeard(room, seq);
  for (const path of ['', '/public', `/${room}`, `/${room}/members`, `/${room}/messages`]) {
    bodyOf(await stage.bob.call('GET', `/api/rooms${path}`), 200);
  }
  bodyOf(await stage.bob.call('GET', '/api/users?prefix=bob'), 200);
  bodyOf(await stage.bob.call('GET', `/api/search?q=hello&room=${await settledRoom(stage)}`), 200);
  bodyOf(await stage.bob.call('POST', `/api/rooms/${room}/leave`), 200);
  for (const path of ['/health', '/.well-known/jwks.json']) bodyOf(await call(endpoint, 'GET', path), 200);
};

/** By the construct path of the function within the stack. The last one ends all tokens. */
export const SCENES: Readonly<Record<string, Scene>> = {
  'WebSocket/ConnectHandler': async (stage) => {
    const room = await newRoom(stage);
    const clients = [
      await stage.alice.connect(),
      await openClient(stage.endpoint, { ticket: await stage.alice.ticket() }),
    ];
    const seq = await say(stage, room);
    await Promise.all(clients.map((client) => client.untilHeard(room, seq)));
    clients[1]?.terminate();
  },
  'WebSocket/DisconnectHandler': async (stage) => {
    await newRoom(stage);
    const before = new Set((await stage.connections.scan()).map(({ pk }) => pk));
    const client = await stage.alice.connect();
    const items = (await stage.connections.scan()).filter(
      ({ pk, sk, user }) => sk === 'CONN' && user === stage.alice.user && !before.has(pk),
    );
    await client.close();
    for (const { pk, sk, user } of items) {
      await stage.connections.untilGone({ pk, sk });
      await stage.connections.untilGone({ pk: `USER#${user}`, sk: pk });
    }
  },
  'WebSocket/DefaultHandler': ask(async (client) => {
    const reply = await client.askRaw('no json');
    if (reply.error?.code !== 'bad_request') throw new Error(`answered ${JSON.stringify(reply)}`);
  }),
  'WebSocket/SendMessageHandler': async (stage) => {
    await send(stage);
    await sendFile(stage);
  },
  ...CHANGE_SCENES,
  ...MOMENT_SCENES,
  'WebSocket/JoinRoomHandler': changeMembership('joinRoom'),
  'WebSocket/LeaveRoomHandler': changeMembership('leaveRoom'),
  'WebSocket/SyncHandler': ask(async (client, room, stage) => {
    const seq = await say(stage, room);
    await client.command('sync', { rooms: { [room]: seq - 1 } });
  }),
  'WebSocket/HistoryHandler': readHistory,
  'WebSocket/PresenceHandler': ask((client, room) => client.command('presence', { room })),
  'WebSocket/PingHandler': ask((client) => client.command('ping')),
  'WebSocket/AuthenticateHandler': ask((client, _room, { alice }) =>
    client.command('authenticate', { token: alice.token }),
  ),
  'Delivery/FanOut': async (stage) => {
    await deliver(1)(stage);
    await deliver(2)(stage);
  },
  'Delivery/Shard': deliver(2),
  'Presence/Follower': comeOnline,
  'Presence/Later': goOffline,
  'Settling/Settler': async (stage) => {
    await settle(stage);
    await project(stage);
    await endSession(stage);
    await eraseAccount(stage);
    await keepFile(stage);
    await mention(stage);
    await trimRoom(stage);
  },
  'Http/Handler': async (stage) => {
    await useHttp(stage);
    await logOut(stage);
    await passFile(stage);
  },
  'Watch/Watch': lookAtConnections,
  'Erasure/Eraser': eraseAccount,
  'Files/Keeper': keepFiles,
  'Notifications/Notifier': notify,
  'Rebuild/Rebuilder': rebuildRoom,
  'Retention/Trimmer': trimRoom,
  'SigningKeys/Rotator': rotateKeys,
  'SigningKeys/Maker': makeKeys,
  'Website/Publisher': publishWebsite,
};
