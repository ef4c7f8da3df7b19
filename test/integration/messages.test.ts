import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  addReaction,
  deleteMessage,
  editMessage,
  pinMessage,
  removeReaction,
  unpinMessage,
} from '../../shared/chat/change-message.ts';
import type { ChatContext } from '../../shared/chat/context.ts';
import { openDirect } from '../../shared/chat/direct.ts';
import { readHistory } from '../../shared/chat/history.ts';
import { changeMember } from '../../shared/chat/members.ts';
import { project } from '../../shared/chat/project.ts';
import { listPins, readMessage } from '../../shared/chat/read-message.ts';
import { createRoom, joinRoom } from '../../shared/chat/rooms.ts';
import { sendMessage } from '../../shared/chat/send.ts';
import { sync } from '../../shared/chat/sync.ts';
import { putNewAccount } from '../../shared/data/accounts.ts';
import { chatKeys } from '../../shared/data/keys.ts';
import type { RoomId } from '../../shared/protocol/ids.ts';
import { chatContext, clientId, readLog, room, settleAll, user } from '../helper/chat.ts';
import { type Database, startDatabase } from '../helper/database.ts';

const [alice, bob, carol] = [user('alice'), user('bob'), user('carol')];
let database: Database;
let ctx: ChatContext;

beforeAll(async () => {
  database = await startDatabase();
  ctx = { ...chatContext(database), sleep: async () => {} };
});
afterAll(() => database.stop());

let rooms = 0;
/** A room of alice (its owner), bob and carol. */
async function newRoom(): Promise<RoomId> {
  const id = room(`messages-${++rooms}`);
  await createRoom(ctx, { user: alice, room: id, name: id, kind: 'public' });
  for (const one of [bob, carol]) await joinRoom(ctx, { room: id, user: one });
  return id;
}
const say = async (id: RoomId, text: string, by = bob, thread?: number) =>
  (await sendMessage(ctx, { room: id, user: by, text, thread })).seq;
const at = (id: RoomId, target: number, by = bob) => ({ room: id, target, user: by });
const read = (id: RoomId, seq: number, by = bob) => readMessage(ctx, { room: id, seq, user: by });
const code = (wanted: string) => ({ code: wanted });

/** The same before and after the projector has applied what was committed. */
async function twice(id: RoomId, look: () => Promise<void>): Promise<void> {
  await look();
  await settleAll(ctx, id);
  await look();
}

describe('messages', () => {
  it('an edit shows at once, in history and alone, with the earlier texts for its author and admins', async () => {
    const id = await newRoom();
    const seq = await say(id, 'frist');
    await editMessage(ctx, { ...at(id, seq), text: 'first' });
    await editMessage(ctx, { ...at(id, seq), text: 'first!' });
    await twice(id, async () => {
      expect(await read(id, seq)).toMatchObject({ seq, text: 'first!', editedAt: expect.any(String) });
      const { messages } = await readHistory(ctx, { user: carol, room: id });
      expect(messages.map(({ text }) => text)).toEqual(['first!']);
      for (const reader of [bob, alice]) {
        const { edits } = await readMessage(ctx, { room: id, seq, user: reader, edits: true });
        expect(edits?.map(({ text }) => text)).toEqual(['frist', 'first']);
      }
      const nosy = readMessage(ctx, { room: id, seq, user: carol, edits: true });
      await expect(nosy).rejects.toMatchObject(code('forbidden'));
    });
  });

  it('a deletion takes the text away everywhere, and leaves the log without a gap', async () => {
    const id = await newRoom();
    const seq = await say(id, 'a secret');
    await editMessage(ctx, { ...at(id, seq), text: 'another secret' });
    await deleteMessage(ctx, at(id, seq, alice));
    await twice(id, async () => {
      const { messages } = await readHistory(ctx, { user: carol, room: id });
      expect(messages).toEqual([expect.objectContaining({ seq, deleted: true, reactions: {} })]);
      expect(JSON.stringify(messages)).not.toContain('secret');
    });
    const log = await readLog(ctx, id);
    expect(log.map(({ event }) => event.seq)).toEqual(log.map((_, index) => index + 1));
    const { items } = await ctx.chat.query({
      where: 'pk = :pk',
      values: { ':pk': chatKeys.head(id).pk },
    });
    expect(JSON.stringify(items)).not.toContain('secret');
    const { rooms: synced } = await sync(ctx, { user: carol, rooms: { [id]: 0 } });
    const events = synced.find((one) => one.room === id)?.events ?? [];
    expect(events).toHaveLength(log.length);
    expect(JSON.stringify(events)).not.toContain('secret');
  });

  it('what was deleted can be changed no more', async () => {
    const id = await newRoom();
    const seq = await say(id, 'gone');
    await deleteMessage(ctx, at(id, seq));
    for (const change of [
      () => editMessage(ctx, { ...at(id, seq), text: 'back' }),
      () => deleteMessage(ctx, at(id, seq)),
      () => addReaction(ctx, { ...at(id, seq), emoji: '👍' }),
      () => pinMessage(ctx, at(id, seq, alice)),
      () => say(id, 'a reply', bob, seq),
    ]) {
      await expect(change()).rejects.toMatchObject(code('not_found'));
    }
  });

  it('only its author edits a message, and only its author or an admin deletes it', async () => {
    const id = await newRoom();
    const seq = await say(id, 'mine');
    await expect(editMessage(ctx, { ...at(id, seq, alice), text: 'yours' })).rejects.toMatchObject(
      code('forbidden'),
    );
    await expect(deleteMessage(ctx, at(id, seq, carol))).rejects.toMatchObject(code('forbidden'));
    for (const target of [1, 999]) {
      await expect(editMessage(ctx, { ...at(id, target), text: 'x' })).rejects.toMatchObject(
        code('not_found'),
      );
    }
  });

  it('who is muted neither edits nor reacts, but may delete', async () => {
    const id = await newRoom();
    const seq = await say(id, 'mine');
    const mutedUntil = new Date(ctx.now() + 60_000).toISOString();
    await changeMember(ctx, { room: id, user: alice, member: bob, wanted: { mutedUntil } });
    await expect(editMessage(ctx, { ...at(id, seq), text: 'x' })).rejects.toMatchObject(code('forbidden'));
    await expect(addReaction(ctx, { ...at(id, seq), emoji: '👍' })).rejects.toMatchObject(code('forbidden'));
    await deleteMessage(ctx, at(id, seq));
  });

  it('reactions are counted once for each person, however many come at once', async () => {
    const id = await newRoom();
    const seq = await say(id, 'nice');
    const people = Array.from({ length: 12 }, (_, index) => user(`fan-${index}`));
    for (const one of people) await joinRoom(ctx, { room: id, user: one });
    await Promise.all(
      [...people, ...people].map((one) => addReaction(ctx, { ...at(id, seq, one), emoji: '👍' })),
    );
    await twice(id, async () => {
      const { reactions } = await read(id, seq, people[3]);
      expect(reactions['👍']).toMatchObject({ count: 12, mine: true });
      expect(new Set(reactions['👍']?.users)).toEqual(new Set(people));
    });
    const first = await addReaction(ctx, { ...at(id, seq, bob), emoji: '👍' });
    expect(await addReaction(ctx, { ...at(id, seq, bob), emoji: '👍' })).toEqual(first);
    await removeReaction(ctx, { ...at(id, seq, bob), emoji: '👍' });
    await expect(removeReaction(ctx, { ...at(id, seq, bob), emoji: '👍' })).rejects.toMatchObject(
      code('not_found'),
    );
    expect((await read(id, seq)).reactions['👍']).toMatchObject({ count: 12, mine: false });
  });

  it('P3 once: the same id makes one change', async () => {
    const id = await newRoom();
    const seq = await say(id, 'nice');
    const once = { ...at(id, seq), emoji: '🎉', id: clientId('r1') };
    const replies = await Promise.all([addReaction(ctx, once), addReaction(ctx, once)]);
    await removeReaction(ctx, { ...at(id, seq), emoji: '🎉' });
    replies.push(await addReaction(ctx, once));
    expect(new Set(replies.map((reply) => reply.seq)).size).toBe(1);
    expect((await read(id, seq)).reactions).toEqual({});
  });

  it('a thread counts its replies, lists them by pages, and has one level', async () => {
    const id = await newRoom();
    const root = await say(id, 'question');
    const replies: number[] = [];
    for (const text of ['one', 'two', 'three']) replies.push(await say(id, text, carol, root));
    await deleteMessage(ctx, at(id, replies[1] ?? 0, carol));
    await settleAll(ctx, id);
    replies.push(await say(id, 'four', bob, root));
    expect(await read(id, root)).toMatchObject({ replyCount: 3, lastReplyAt: expect.any(String) });
    const page = await readHistory(ctx, { user: bob, room: id, thread: root, limit: 2 });
    expect(page.messages.map(({ seq }) => seq)).toEqual(replies.slice(2));
    expect(page.more).toBe(true);
    const rest = await readHistory(ctx, { user: bob, room: id, thread: root, before: replies[2] });
    expect(rest.messages).toMatchObject([{ text: 'one', thread: root }, { deleted: true }]);
    expect(rest.more).toBe(false);
    await expect(say(id, 'deeper', bob, replies[0])).rejects.toMatchObject({
      code: 'bad_request',
      message: expect.stringContaining(String(root)),
    });
    await expect(say(id, 'nowhere', bob, 1)).rejects.toMatchObject(code('not_found'));
  });

  it('admins pin, and in a direct room both; pins are listed, the newest messages first', async () => {
    const id = await newRoom();
    const seqs = [await say(id, 'a'), await say(id, 'b'), await say(id, 'c')];
    await expect(pinMessage(ctx, at(id, seqs[0] ?? 0))).rejects.toMatchObject(code('forbidden'));
    const pinned = await pinMessage(ctx, at(id, seqs[0] ?? 0, alice));
    expect(await pinMessage(ctx, at(id, seqs[0] ?? 0, alice))).toEqual(pinned);
    for (const seq of seqs.slice(1)) await pinMessage(ctx, at(id, seq, alice));
    await unpinMessage(ctx, at(id, seqs[1] ?? 0, alice));
    await twice(id, async () => {
      const { items } = await listPins(ctx, { room: id, user: carol });
      expect(items).toMatchObject([{ text: 'c', pinned: true }, { text: 'a' }]);
    });
    const { items, cursor } = await listPins(ctx, { room: id, user: carol, limit: 1 });
    expect(items).toMatchObject([{ text: 'c' }]);
    expect((await listPins(ctx, { room: id, user: carol, limit: 1, cursor })).items).toMatchObject([
      { text: 'a' },
    ]);
    for (const one of [alice, bob]) {
      const account = { user: one, displayName: one, passwordHash: 'x', createdAt: new Date().toISOString() };
      await putNewAccount(ctx.chat, account, ctx.newId());
    }
    const { room: direct } = await openDirect(ctx, { user: alice, other: bob });
    await pinMessage(ctx, at(direct.room, await say(direct.room, 'keep', alice), bob));
    expect((await listPins(ctx, { room: direct.room, user: alice })).items).toMatchObject([{ text: 'keep' }]);
  });

  it('the projection is the same, whatever is repeated and whoever overlaps', async () => {
    const id = await newRoom();
    const root = await say(id, 'root');
    const reply = await say(id, 'reply', carol, root);
    await editMessage(ctx, { ...at(id, root), text: 'edited' });
    await addReaction(ctx, { ...at(id, root, carol), emoji: '👍' });
    await pinMessage(ctx, at(id, root, alice));
    await deleteMessage(ctx, at(id, reply, carol));
    const log = await readLog(ctx, id);
    const state = async () =>
      (await ctx.chat.batchGet([root, reply].map((seq) => chatKeys.event(id, seq)))).map(
        (item) => item.state,
      );
    await project(ctx, id, log);
    const once = await state();
    await Promise.all([project(ctx, id, log), project(ctx, id, log.slice(0, 8)), project(ctx, id, log)]);
    for (let from = 0; from < log.length; from += 3) await project(ctx, id, log.slice(from, from + 5));
    expect(await state()).toEqual(once);
    expect(await read(id, root)).toMatchObject({
      text: 'edited',
      pinned: true,
      reactions: { '👍': { count: 1 } },
    });
    expect((await read(id, root)).replyCount).toBeUndefined();
  });
});
