import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { room as roomId, settleAll } from '../helper/chat.ts';
import { type Sockets, startSockets, watchTableCalls } from '../helper/sockets.ts';

let sockets: Sockets;
let counter = 0;

beforeAll(async () => {
  sockets = await startSockets({ COMMANDS_PER_MINUTE: '1000000', COMMAND_BURST: '1000000' });
});
afterAll(() => sockets.stop());

async function newRoom(token: string, kind: 'public' | 'private' = 'public') {
  const room = `room-${++counter}`;
  const reply = await sockets.app.ask('POST', '/api/rooms', { token, body: { room, name: room, kind } });
  expect(reply.status).toBe(201);
  return room;
}

async function newMember() {
  const { user, token } = await sockets.app.newUser();
  return { user, token, connection: await sockets.open(token) };
}

describe('commands', () => {
  it('ping: tells the time, under the id that came or one of the service’s own', async () => {
    const { connection } = await newMember();
    const reply = await sockets.send(connection, { action: 'ping', id: 'p1' });
    expect(reply).toEqual({ type: 'reply', id: 'p1', action: 'ping', data: { at: expect.any(String) } });
    expect((await sockets.send(connection, { action: 'ping' })).id).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('sendMessage: P2 durable: answers number and time of what history then shows', async () => {
    const { user, token, connection } = await newMember();
    const room = await newRoom(token);
    const sent = await sockets.send(connection, { action: 'sendMessage', id: 'm1', room, text: 'hello' });
    expect(sent).toMatchObject({ id: 'm1', action: 'sendMessage', data: { room, seq: 2 } });
    const { data } = await sockets.send(connection, { action: 'history', room });
    expect(data).toMatchObject({
      room,
      more: false,
      messages: [{ ...(sent.data as object), user, id: 'm1', n: 1, text: 'hello' }].map(
        ({ room: _, ...message }: Record<string, unknown>) => message,
      ),
    });
  });

  it('sendMessage: P3 once: the same id over two connections of a user makes one event', async () => {
    const { token, connection } = await newMember();
    const other = await sockets.open(token);
    const room = await newRoom(token);
    const command = { action: 'sendMessage', id: 'same', room, text: 'once' };
    const replies = await Promise.all(
      [connection, other, connection, other].map((socket) => sockets.send(socket, command)),
    );
    expect(new Set(replies.map(({ data }) => JSON.stringify(data))).size).toBe(1);
  });

  it('sendMessage: four table calls in three rounds, once the function is warm', async () => {
    const { token, connection } = await newMember();
    const room = await newRoom(token);
    const send = (id: string) => sockets.send(connection, { action: 'sendMessage', id, room, text: 'x' });
    await send('cold');
    await settleAll(sockets.app.runtime.context, roomId(room));
    await send('warmer');
    const calls = await watchTableCalls(() => send('warm'));
    expect([...calls.operations].sort()).toEqual(['GetItem', 'PutItem', 'UpdateItem', 'UpdateItem']);
    expect(calls.rounds).toBe(3);
  });

  it('joinRoom and leaveRoom: make and end a membership, and what is heard', async () => {
    const [owner, guest] = [await newMember(), await newMember()];
    const room = await newRoom(owner.token);
    const refused = await sockets.send(guest.connection, { action: 'sendMessage', room, text: 'hi' });
    expect(refused.error).toEqual({
      code: 'forbidden',
      message: 'unable to send; you are not a member of this room',
    });
    expect(await sockets.send(guest.connection, { action: 'joinRoom', room })).toMatchObject({
      action: 'joinRoom',
      data: { room, seq: 2 },
    });
    expect(
      (await sockets.send(guest.connection, { action: 'sendMessage', room, text: 'hi' })).error,
    ).toBeUndefined();
    expect((await sockets.send(guest.connection, { action: 'leaveRoom', room })).data).toMatchObject({
      seq: 4,
    });
    expect((await sockets.send(guest.connection, { action: 'history', room })).error?.code).toBe('forbidden');
  });

  it('P8 clean: a hidden room and one that does not exist are refused alike, for every command', async () => {
    const [owner, stranger] = [await newMember(), await newMember()];
    const hidden = await newRoom(owner.token, 'private');
    for (const command of [
      { action: 'sendMessage', text: 'hi' },
      { action: 'joinRoom' },
      { action: 'leaveRoom' },
      { action: 'history' },
    ]) {
      const [one, two] = await Promise.all(
        [hidden, 'no-such-room'].map((room) =>
          sockets.send(stranger.connection, { ...command, room, id: 'x' }),
        ),
      );
      expect(one?.error?.code).toBe('not_found');
      expect(two).toEqual(one);
    }
  });

  it('sync: P5 resume: answers what came after the number that is named', async () => {
    const { token, connection } = await newMember();
    const room = await newRoom(token);
    for (let n = 1; n <= 3; n++)
      await sockets.send(connection, { action: 'sendMessage', room, text: `text ${n}` });
    const { data } = await sockets.send(connection, { action: 'sync', rooms: { [room]: 2 } });
    expect(data).toMatchObject({
      rooms: [{ room, seq: 4, more: false, events: [{ seq: 3 }, { seq: 4, text: 'text 3' }] }],
    });
  });

  it('history: cuts a page that one message can’t carry, and says that there is more', async () => {
    const { token, connection } = await newMember();
    const room = await newRoom(token);
    // 16 KB each in UTF-8.
    const text = '😀'.repeat(4_000);
    for (let n = 0; n < 8; n++) await sockets.send(connection, { action: 'sendMessage', room, text });
    const seen: number[] = [];
    for (let before: number | undefined = undefined; ; ) {
      const { data } = await sockets.send(connection, {
        action: 'history',
        room,
        ...(before === undefined ? {} : { before }),
      });
      const { messages, more } = data as { messages: { seq: number }[]; more: boolean };
      expect(Buffer.byteLength(JSON.stringify(data))).toBeLessThan(128 * 1024);
      seen.unshift(...messages.map(({ seq }) => seq));
      before = messages[0]?.seq;
      if (!more) break;
    }
    expect(seen).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('authenticate: moves the connection’s end, for a token of the same user only', async () => {
    const [alice, bob] = [await newMember(), await newMember()];
    const renewed = await sockets.send(alice.connection, { action: 'authenticate', token: alice.token });
    expect(Date.parse((renewed.data as { expiresAt: string }).expiresAt)).toBeGreaterThan(Date.now());
    expect(
      (await sockets.send(alice.connection, { action: 'authenticate', token: bob.token })).error?.code,
    ).toBe('forbidden');
    expect(
      (await sockets.send(alice.connection, { action: 'authenticate', token: 'nonsense' })).error?.code,
    ).toBe('unauthenticated');
    expect((await sockets.send(alice.connection, { action: 'ping' })).error).toBeUndefined();
  });

  it('P9 revocation: every command of a closed connection is refused', async () => {
    const { token, connection } = await newMember();
    const room = await newRoom(token);
    await sockets.call('$disconnect', {
      requestContext: { connectionId: connection },
    });
    for (const command of [
      { action: 'ping' },
      { action: 'sendMessage', room, text: 'x' },
      { action: 'no' },
    ]) {
      expect((await sockets.send(connection, command)).error?.code).toBe('unauthenticated');
    }
    expect((await sockets.app.ask('GET', `/api/rooms/${room}/messages`, { token })).body).toMatchObject({
      messages: [],
    });
  });
});
