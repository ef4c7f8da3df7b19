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
import { exportRoom } from '../../shared/chat/export-room.ts';
import { readHistory } from '../../shared/chat/history.ts';
import { markRead } from '../../shared/chat/mark-read.ts';
import { listPins } from '../../shared/chat/read-message.ts';
import { type RebuildTask, rebuildRoom } from '../../shared/chat/rebuild-room.ts';
import { joinRoom, leaveRoom } from '../../shared/chat/rooms.ts';
import { sendMessage } from '../../shared/chat/send.ts';
import { chatKeys, readWordKey, searchKeys } from '../../shared/data/keys.ts';
import type { Item } from '../../shared/data/table.ts';
import { ParleyError } from '../../shared/protocol/errors.ts';
import type { RoomId, UserId } from '../../shared/protocol/ids.ts';
import { chatContext, settleAll } from '../helper/chat.ts';
import { type Database, startDatabase } from '../helper/database.ts';
import { FoldedLog } from '../helper/fold-log.ts';
import { registered, roomOf } from '../helper/people.ts';
import { wordsInIndex } from '../helper/search-index.ts';
import type { RoomEvent } from '../helper/wire.ts';
import { type Random, randomOf } from '../simulation/random.ts';

const EMOJI = ['🦊', '👍', ':ok:'];

let database: Database;
let ctx: ChatContext;
let people: UserId[];

beforeAll(async () => {
  database = await startDatabase({ streams: false });
  ctx = { ...chatContext(database), sleep: async () => {} };
  people = await registered(ctx, 'alice', 'bob', 'carol', 'dave');
});
afterAll(() => database.stop());

/** One thing that somebody does in a room; what is refused changes nothing. */
async function act(room: RoomId, seqs: number[], random: Random): Promise<void> {
  const user = random.pick(people) as UserId;
  const target = random.pick(seqs) ?? 1;
  const [owner] = people as [UserId];
  const emoji = random.pick(EMOJI) ?? '🦊';
  const what = random.weighted({
    say: 10,
    reply: 4,
    edit: 5,
    delete: 2,
    react: 8,
    unreact: 3,
    pin: 3,
    unpin: 2,
    read: 2,
    move: 1,
  });
  try {
    if (what === 'say' || what === 'reply') {
      const text = random.chance(0.4) ? `hello @${random.pick(people)}` : 'hello';
      const thread = what === 'reply' ? target : undefined;
      seqs.push((await sendMessage(ctx, { room, user, text, thread })).seq);
    }
    if (what === 'edit')
      await editMessage(ctx, { room, user, target, text: `edited ${random.between(1, 9)}` });
    if (what === 'delete') await deleteMessage(ctx, { room, user, target });
    if (what === 'react') await addReaction(ctx, { room, user, target, emoji });
    if (what === 'unreact') await removeReaction(ctx, { room, user, target, emoji });
    if (what === 'pin') await pinMessage(ctx, { room, user: owner, target });
    if (what === 'unpin') await unpinMessage(ctx, { room, user: owner, target });
    if (what === 'read') await markRead(ctx, { room, user, seq: target });
    if (what === 'move' && user !== owner) {
      await leaveRoom(ctx, { room, user });
      await joinRoom(ctx, { room, user });
    }
  } catch (error) {
    if (!(error instanceof ParleyError) || error.code === 'internal') throw error;
  }
}

/** A room in which much has happened, settled now and then. */
async function livelyRoom(
  seed: number,
  steps = 120,
): Promise<{ room: RoomId; seqs: number[]; random: Random }> {
  const random = randomOf(seed);
  const [owner, ...others] = people as [UserId, ...UserId[]];
  const room = await roomOf(ctx, owner, others);
  const seqs: number[] = [];
  for (let step = 0; step < steps; step++) {
    await act(room, seqs, random);
    if (random.chance(0.1)) await settleAll(ctx, room);
  }
  await settleAll(ctx, room);
  return { room, seqs, random };
}

/** Everything that is derived, item by item, without what nobody can see any more: read mentions, and traces of pins. */
async function derived(room: RoomId): Promise<unknown[]> {
  const items = await ctx.chat.queryAll({ where: 'pk = :pk', values: { ':pk': chatKeys.room(room).pk } });
  const ofRoom = items.filter(
    (item) => item.sk.startsWith('E#') || (item.sk.startsWith('PIN#') && item.pinned),
  );
  const members = await ctx.chat.batchGet(people.map((user) => chatKeys.membership(user, room)));
  const unread = members.map(({ pk, mentioned = [], read }) => ({
    pk,
    mentioned: (mentioned as number[])
      .filter((seq) => seq > (read as { seq: number }).seq)
      .sort((a, b) => a - b),
  }));
  return [...ofRoom, ...unread.sort((a, b) => (a.pk < b.pk ? -1 : 1)), ...(await wordsInIndex(ctx, room))];
}

/** Loses everything that is derived. */
async function lose(room: RoomId): Promise<void> {
  const items = await ctx.chat.queryAll({ where: 'pk = :pk', values: { ':pk': chatKeys.room(room).pk } });
  const drop = (item: Pick<Item, 'pk' | 'sk'>, name: string) =>
    ctx.chat.update({ pk: item.pk, sk: item.sk }, { update: 'REMOVE #it', names: { '#it': name } });
  for (const item of items) {
    if (item.sk.startsWith('PIN#')) await ctx.chat.delete({ pk: item.pk, sk: item.sk });
    if (item.type === 'message.created') await drop(item, 'state');
  }
  for (const user of people) await drop(chatKeys.membership(user, room), 'mentioned');
  const words = (await wordsInIndex(ctx, room)).map(readWordKey);
  const deletes = words.map(({ word, seq }) => searchKeys.word(room, word, seq));
  await ctx.search?.batchWrite({ deletes });
}

async function rebuild(
  room: RoomId,
  most?: number,
): Promise<{ steps: number; looked: number; mended: number }> {
  let [steps, looked, mended] = [0, 0, 0];
  for (let task: RebuildTask | undefined = { room, after: 0 }; task; steps++) {
    const step = await rebuildRoom(ctx, task, most);
    looked += step.looked;
    mended += step.mended;
    task = step.rest;
  }
  return { steps, looked, mended };
}

/** What everyone sees is what the log says. */
async function expectAsLogSays(room: RoomId): Promise<void> {
  const [viewer] = people as [UserId];
  const { items } = await exportRoom(ctx, { room, user: viewer });
  const folded = new FoldedLog(items as RoomEvent[]);
  const messages: unknown[] = [];
  for (let before: number | undefined, more = true; more; ) {
    const page = await readHistory(ctx, { room, user: viewer, before, limit: 100 });
    messages.unshift(...page.messages);
    [before, more] = [page.messages[0]?.seq, page.more];
  }
  expect(messages).toEqual(folded.messages(viewer));
  const pins = await listPins(ctx, { room, user: viewer, limit: 100 });
  expect(pins.items.map(({ seq }) => seq)).toEqual(folded.pins());
}

describe('rebuilding a room', () => {
  it.each([1, 2, 3])('makes what was lost again, item by item as it was (seed %i)', async (seed) => {
    const { room, seqs } = await livelyRoom(seed);
    await expectAsLogSays(room);
    const before = await derived(room);
    await lose(room);
    const { steps, looked, mended } = await rebuild(room, 10);
    expect(await derived(room)).toEqual(before);
    expect(mended).toBeGreaterThan(10);
    expect(looked).toBe(seqs.length + people.length);
    expect(steps).toBe(Math.ceil(seqs.length / 10) + 1);
  });

  it('changes nothing where nothing is wrong, and less than nothing the second time', async () => {
    const { room } = await livelyRoom(4);
    const before = await derived(room);
    expect(await rebuild(room)).toMatchObject({ steps: 2, mended: 0 });
    expect(await derived(room)).toEqual(before);
  });

  it('mends what is wrong: a state, a pin, the text of a deleted message, mentions', async () => {
    const [owner, bob] = people as [UserId, UserId];
    const room = await roomOf(ctx, owner, [bob]);
    const { seq: kept } = await sendMessage(ctx, { room, user: owner, text: `hello @${bob}` });
    const { seq: gone } = await sendMessage(ctx, { room, user: owner, text: 'gone' });
    const edit = await editMessage(ctx, { room, user: owner, target: gone, text: 'secret' });
    await deleteMessage(ctx, { room, user: owner, target: gone });
    await pinMessage(ctx, { room, user: owner, target: kept });
    await settleAll(ctx, room);
    const before = await derived(room);
    await ctx.chat.update(chatKeys.event(room, gone), {
      update: 'SET #text = :text REMOVE deleted',
      names: { '#text': 'text' },
      values: { ':text': 'secret' },
    });
    await ctx.chat.update(chatKeys.event(room, edit.seq), {
      update: 'SET #text = :text REMOVE deleted',
      names: { '#text': 'text' },
      values: { ':text': 'secret' },
    });
    await ctx.chat.update(chatKeys.pin(room, kept), { update: 'SET pinned = :no', values: { ':no': false } });
    await ctx.chat.update(chatKeys.membership(bob, room), {
      update: 'SET mentioned = :wrong',
      values: { ':wrong': [kept, gone, 999] },
    });
    await ctx.chat.update(chatKeys.event(room, kept), {
      update: 'SET #state.replies = :seven',
      names: { '#state': 'state' },
      values: { ':seven': 7 },
    });
    expect((await rebuild(room)).mended).toBe(3);
    const after = await derived(room);
    expect(JSON.stringify(after)).not.toContain('secret');
    expect(after.slice(0, -people.length)).toEqual(before.slice(0, -people.length));
    // What a deletion took away nobody knows any more: what was counted of it stays.
    expect(JSON.stringify(after)).toContain(`"mentioned":[${kept},${gone},999]`);
  });

  it('under live traffic, with the settler beside it: what is there in the end is what the log says', async () => {
    for (const seed of [5, 6, 7]) {
      const { room, seqs, random } = await livelyRoom(seed, 60);
      await lose(room);
      let isOver = false;
      const traffic = async (own: Random) => {
        for (let step = 0; step < 40; step++) await act(room, seqs, own);
      };
      const settler = async () => {
        while (!isOver) await settleAll(ctx, room);
      };
      const rebuilding = (async () => {
        for (let round = 0; round < 3; round++) await rebuild(room, 15);
      })();
      const settling = settler();
      await Promise.all([traffic(random.fork('a')), traffic(random.fork('b')), rebuilding]);
      isOver = true;
      await settling;
      await settleAll(ctx, room);
      await expectAsLogSays(room);
      expect((await rebuild(room)).mended).toBe(0);
    }
  });

  it('P6 or not, nothing of a room that is not there is made', async () => {
    const nowhere = { room: 'nowhere' as RoomId, after: 0 };
    expect(await rebuildRoom(ctx, nowhere)).toEqual({ looked: 0, mended: 0, seq: 0 });
  });
});
