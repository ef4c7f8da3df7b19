import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../helper/matchers.ts';
import { type Account, bodyOf, people } from '../helper/account.ts';
import { endpoint } from '../helper/endpoint.ts';
import { createRoom } from '../helper/room.ts';
import type { Message } from '../helper/wire.ts';

let alice: Account;
let bob: Account;
beforeAll(async () => {
  [alice, bob] = await people(endpoint(), 'alice', 'bob');
});
afterAll(() => {
  for (const account of [alice, bob]) account.disconnect();
});

async function read(account: Account, room: string, seq: number): Promise<Message> {
  return bodyOf(await account.call('GET', `/api/rooms/${room}/messages/${seq}`), 200);
}

describe('messages', () => {
  it('are edited, reacted to, pinned and deleted over the socket; everyone hears it, and a read shows it at once', async () => {
    const room = await createRoom(alice, { members: [bob] });
    const [hers, his] = await Promise.all([alice.connect(), bob.connect()]);
    const { seq: target } = await his.command('sendMessage', { room, text: 'helo' });
    const edit = await his.command('editMessage', { room, target, text: 'hello' });
    expect(await read(alice, room, target)).toMatchObject({ text: 'hello', editedAt: edit.at });
    const reaction = await hers.command('addReaction', { room, target, emoji: '👍' });
    expect(await hers.command('addReaction', { room, target, emoji: '👍' })).toEqual(reaction);
    expect((await read(alice, room, target)).reactions).toEqual({
      '👍': { count: 1, users: [alice.user], mine: true },
    });
    expect((await read(bob, room, target)).reactions).toMatchObject({ '👍': { mine: false } });
    await hers.command('removeReaction', { room, target, emoji: '👍' });
    expect(await his.ask({ action: 'pinMessage', room, target })).toBeRefused('forbidden');
    await hers.command('pinMessage', { room, target });
    const pins = bodyOf<{ items: Message[] }>(await bob.call('GET', `/api/rooms/${room}/pins`), 200);
    expect(pins.items).toMatchObject([{ seq: target, text: 'hello', pinned: true }]);
    await hers.command('unpinMessage', { room, target });
    const { seq: last } = await hers.command('deleteMessage', { room, target });
    const gone = await read(bob, room, target);
    expect(gone).toMatchObject({ seq: target, deleted: true, reactions: {} });
    expect(gone.text).toBeUndefined();
    for (const client of [hers, his]) {
      await client.untilHeard(room, last);
      expect(client.heard(room).filter((event) => event.seq > target)).toMatchObject([
        { type: 'message.edited', user: bob.user, target, text: 'hello' },
        { type: 'reaction.added', user: alice.user, target, emoji: '👍' },
        { type: 'reaction.removed', target, emoji: '👍' },
        { type: 'message.pinned', target },
        { type: 'message.unpinned', target },
        { type: 'message.deleted', target },
      ]);
    }
  });

  it('are changed over HTTP as over the socket, and the same id changes them once (P3)', async () => {
    const room = await createRoom(alice, { members: [bob] });
    const sent = await bob.call('POST', `/api/rooms/${room}/messages`, { text: 'helo' });
    const { seq } = bodyOf<{ seq: number }>(sent, 201);
    const path = `/api/rooms/${room}/messages/${seq}`;
    expect(await alice.call('PATCH', path, { text: 'not hers' })).toBeRefused('forbidden');
    const edits = [];
    for (let times = 0; times < 2; times++) {
      edits.push(bodyOf(await bob.call('PATCH', path, { id: 'e1', text: 'hello' }), 200));
    }
    expect(edits[1]).toEqual(edits[0]);
    bodyOf(await alice.call('PUT', `${path}/reactions/${encodeURIComponent('🎉')}`), 200);
    bodyOf(await alice.call('PUT', `${path}/pin`), 200);
    const shown = bodyOf<Message & { edits: unknown }>(await bob.call('GET', `${path}?edits=true`), 200);
    expect(shown).toMatchObject({
      text: 'hello',
      pinned: true,
      reactions: { '🎉': { count: 1 } },
      edits: [{ text: 'helo' }],
    });
    bodyOf(await alice.call('DELETE', `${path}/reactions/${encodeURIComponent('🎉')}`), 200);
    bodyOf(await alice.call('DELETE', `${path}/pin`), 200);
    bodyOf(await bob.call('DELETE', path), 200);
    expect(await read(alice, room, seq)).toMatchObject({ deleted: true });
    expect(await bob.call('DELETE', path)).toBeRefused('not_found');
  });

  it('are replied to in threads, with a history of their own', async () => {
    const room = await createRoom(alice, { members: [bob] });
    const [hers, his] = await Promise.all([alice.connect(), bob.connect()]);
    const { seq: thread } = await hers.command('sendMessage', { room, text: 'lunch?' });
    const replies = [];
    for (const text of ['yes', 'when', 'noon']) {
      replies.push((await his.command('sendMessage', { room, text, thread })).seq);
    }
    await hers.command('sendMessage', { room, text: 'something else' });
    const page = await hers.command('history', { room, thread, limit: 2 });
    expect(page).toMatchObject({
      more: true,
      messages: [
        { text: 'when', thread },
        { text: 'noon', thread },
      ],
    });
    const rest = bodyOf<{ messages: Message[]; more: boolean }>(
      await bob.call('GET', `/api/rooms/${room}/messages?thread=${thread}&before=${replies[1]}`),
      200,
    );
    expect(rest).toMatchObject({ more: false, messages: [{ text: 'yes' }] });
    expect(await read(bob, room, thread)).toMatchObject({ replyCount: 3, lastReplyAt: expect.any(String) });
    const nested = { action: 'sendMessage', room, text: 'deeper', thread: replies[0] };
    expect(await his.ask(nested)).toBeRefused('bad_request');
    expect(await his.ask({ ...nested, thread: 999 })).toBeRefused('not_found');
  });

  it('P5 resume: who was away gets every change, and nothing of what was deleted meanwhile', async () => {
    const room = await createRoom(alice, { members: [bob] });
    const his = await bob.connect();
    const { seq: seen } = await his.command('sendMessage', { room, text: 'before' });
    his.close();
    const hers = await alice.connect();
    const { seq: target } = await hers.command('sendMessage', { room, text: 'never mind this' });
    await hers.command('editMessage', { room, target, text: 'nor this' });
    await hers.command('deleteMessage', { room, target });
    const back = await bob.connect();
    const types = ['message.created', 'message.edited', 'message.deleted'];
    await expect
      .poll(async () => {
        const { rooms } = await back.command('sync', { rooms: { [room]: seen } });
        return rooms.find((one) => one.room === room)?.events.map(({ type, text }) => [type, text ?? '']);
      })
      .toEqual(types.map((type) => [type, '']));
  });
});
