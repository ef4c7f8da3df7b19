import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deleteMessage, editMessage } from '../../shared/chat/change-message.ts';
import type { ChatContext } from '../../shared/chat/context.ts';
import { removeMember } from '../../shared/chat/members.ts';
import { mendWords, sweepWords } from '../../shared/chat/rebuild-words.ts';
import { deleteRoom } from '../../shared/chat/room-settings.ts';
import { createRoom, joinRoom } from '../../shared/chat/rooms.ts';
import { type SearchRequest, search } from '../../shared/chat/search.ts';
import { sendMessage } from '../../shared/chat/send.ts';
import { searchKeys } from '../../shared/data/keys.ts';
import type { RoomId, UserId } from '../../shared/protocol/ids.ts';
import type { FoundMessage } from '../../shared/protocol/rest.ts';
import { chatContext, readLog, room, settleAll, user } from '../helper/chat.ts';
import { type Database, startDatabase } from '../helper/database.ts';
import { wordsByLog, wordsInIndex } from '../helper/search-index.ts';
import { watchedTable } from '../helper/watched-table.ts';

const [alice, bob, carol] = [user('alice'), user('bob'), user('carol')];
let database: Database;
let ctx: ChatContext;
/** Goes on with each look, so that no two messages have the same time. */
let clock = Date.parse('2026-11-20T10:00:00.000Z');

beforeAll(async () => {
  database = await startDatabase({ streams: false });
  ctx = { ...chatContext(database, () => ++clock), sleep: async () => {} };
});
afterAll(() => database.stop());

let rooms = 0;
/** A room of alice and bob, and what bob says in it. */
async function newRoom(...said: readonly string[]): Promise<RoomId> {
  const id = room(`search-${++rooms}`);
  await createRoom(ctx, { user: alice, room: id, name: id, kind: 'public' });
  await joinRoom(ctx, { room: id, user: bob });
  for (const text of said) await say(id, text);
  return id;
}
const say = async (id: RoomId, text: string, by = bob) =>
  (await sendMessage(ctx, { room: id, user: by, text })).seq;
const at = (id: RoomId, target: number, by = bob) => ({ room: id, target, user: by });
const code = (wanted: string) => ({ code: wanted });

type Asked = Omit<SearchRequest, 'user' | 'q'> & { readonly user?: UserId };
async function find(q: string, asked: Asked = {}): Promise<FoundMessage[]> {
  return (await search(ctx, { user: bob, ...asked, q })).items;
}
const texts = async (q: string, id: RoomId) => (await find(q, { room: id })).map(({ text }) => text);

/** The same while the index knows nothing of it yet, and once it does. */
async function twice(id: RoomId, look: () => Promise<void>): Promise<void> {
  await look();
  await settleAll(ctx, id);
  await look();
}

describe('search', () => {
  it('finds messages that hold all the words, the newest first, the last word by its beginning', async () => {
    const id = await newRoom('The cat sat on the mat', 'a dog', 'Cats and a dog on a mat', 'the category');
    await twice(id, async () => {
      expect(await texts('cat', id)).toEqual([
        'the category',
        'Cats and a dog on a mat',
        'The cat sat on the mat',
      ]);
      expect(await texts('cat mat', id)).toEqual(['The cat sat on the mat']);
      expect(await texts('MAT dog', id)).toEqual(['Cats and a dog on a mat']);
      expect(await texts('the mat', id)).toEqual(['The cat sat on the mat']);
      expect(await texts('mat cat', id)).toEqual(['Cats and a dog on a mat', 'The cat sat on the mat']);
      expect(await texts('nothing of that kind', id)).toEqual([]);
    });
  });

  it('marks each word that matched, in code units of the text as it was sent', async () => {
    const id = await newRoom('🎉 Café, cafés & cafe\u0301 — decaf');
    await twice(id, async () => {
      const [found] = await find('cafe', { room: id });
      expect(found?.matches.map(([start, end]) => found.text?.slice(start, end))).toEqual([
        'Café',
        'cafés',
        'cafe\u0301',
      ]);
      expect(found).toMatchObject({
        room: id,
        user: bob,
        type: 'message.created',
        matches: [
          [3, 7],
          [9, 14],
          [17, 22],
        ],
      });
    });
  });

  it.each([
    ['Latin', 'Łukasz traf Jürgen auf der STRASSE', ['lukasz', 'jurgen straße', 'Jürg']],
    ['Greek', 'Ο δρόμος της ΟΔΟΣ', ['οδοσ', 'δρομος', 'οδός δρό']],
    ['Cyrillic', 'Ёлка и мой ЁЖ', ['елка', 'ёжик'.slice(0, 2), 'МОЙ ел']],
    ['Arabic', 'كَتَبَ الطَّالِبُ رسالة', ['كتب', 'الطالب رسا']],
    ['Hindi', 'हिन्दी में संदेश लिखा', ['हिन्दी', 'संदेश लि']],
    ['Chinese', '我住在北京大学旁边', ['北京', '大学', '北京 旁边']],
    ['Japanese', '東京都に住む学生です', ['東京', '学生', '住む 東']],
    ['Turkish', 'İstanbul ve ISPARTA', ['istanbul', 'ısparta', 'Ist']],
  ])('finds %s', async (_, text, queries) => {
    const id = await newRoom('something else', text);
    await twice(id, async () => {
      for (const q of queries) expect(await texts(q, id), q).toEqual([text]);
    });
  });

  it('keeps apart what is spelled with other signs', async () => {
    const id = await newRoom('कमल', 'कमाल', 'राज', 'राज़', 'мои', 'мой', 'かき', 'かぎ');
    await settleAll(ctx, id);
    for (const word of ['कमाल', 'राज़', 'мои', 'мой', 'かき', 'かぎ']) {
      expect(await texts(word, id)).toEqual([word]);
    }
    expect(await texts('कमल', id)).toEqual(['कमल']);
  });

  it('an edit takes words back and a deletion all of them, at once', async () => {
    const id = await newRoom('a yellow submarine', 'a yellow balloon');
    const [first = 0, second = 0] = (await readLog(ctx, id)).map(({ event }) => event.seq).slice(2);
    await settleAll(ctx, id);
    await editMessage(ctx, { ...at(id, first), text: 'a green submarine' });
    await deleteMessage(ctx, at(id, second));
    await twice(id, async () => {
      expect(await texts('yellow', id)).toEqual([]);
      expect(await texts('green', id)).toEqual(['a green submarine']);
      expect(await texts('balloon', id)).toEqual([]);
    });
    expect(await wordsInIndex(ctx, id)).toEqual([`green#${pad(first)}`, `submarine#${pad(first)}`]);
  });

  it('goes on by cursor to the end, without a repeat or a gap, in one room and in several', async () => {
    const [one, two] = [await newRoom(), await newRoom()];
    for (let n = 0; n < 12; n++) await say(n % 3 === 0 ? one : two, `needle ${n} of ${one}`);
    for (const settled of [false, true]) {
      for (const limit of [1, 5, 100]) {
        expect(await pages(`needle ${one}`, { limit })).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
        expect(await pages(`needle ${one}`, { limit, room: two })).toEqual([11, 10, 8, 7, 5, 4, 2, 1]);
      }
      if (!settled) for (const id of [one, two]) await settleAll(ctx, id);
    }
  });

  it('what is written between two pages does not come in between', async () => {
    const [one, two] = [await newRoom('pebble 0', 'pebble 1'), await newRoom('pebble 2')];
    const first = await search(ctx, { user: bob, q: 'pebble', limit: 1 });
    expect(first.items[0]).toMatchObject({ text: 'pebble 2', room: two });
    await say(one, 'pebble 3');
    await say(two, 'pebble 4');
    const rest = await search(ctx, { user: bob, q: 'pebble', cursor: first.cursor });
    expect(rest.items.map(({ text }) => text)).toEqual(['pebble 1', 'pebble 0']);
  });

  it('finds by person, and before a number', async () => {
    const id = await newRoom('a lantern by bob');
    const seq = await say(id, 'a lantern by alice', alice);
    await say(id, 'a lantern again');
    await twice(id, async () => {
      const found = await find('lantern', { room: id, from: alice });
      expect(found.map(({ user }) => user)).toEqual([alice]);
      const before = await find('lantern', { room: id, before: seq });
      expect(before.map(({ text }) => text)).toEqual(['a lantern by bob']);
    });
    await expect(find('lantern', { before: seq })).rejects.toMatchObject(code('bad_request'));
  });

  it('P6 members only: shows what is in rooms of the caller and nothing else', async () => {
    const id = await newRoom('a hidden treasure');
    await settleAll(ctx, id);
    expect(await find('treasure', { user: carol })).toEqual([]);
    await expect(find('treasure', { user: carol, room: id })).rejects.toMatchObject(code('forbidden'));
    await expect(find('treasure', { room: room('nowhere') })).rejects.toMatchObject(code('not_found'));
    await removeMember(ctx, { room: id, user: alice, member: bob, ban: false });
    expect(await find('treasure')).toEqual([]);
    await expect(find('treasure', { room: id })).rejects.toMatchObject(code('forbidden'));
    expect(await find('treasure', { user: alice })).toHaveLength(1);
    await deleteRoom(ctx, { room: id, user: alice });
    expect(await find('treasure', { user: alice })).toEqual([]);
    await expect(find('treasure', { user: alice, room: id })).rejects.toMatchObject(code('not_found'));
  });

  it('P6 members only: shows nothing where the membership ends while it reads', async () => {
    for (const asked of [{}, { named: true }]) {
      const id = await newRoom('a hidden compass');
      await settleAll(ctx, id);
      let isOver = false;
      const index =
        ctx.search &&
        watchedTable(ctx.search, async () => {
          if (isOver) return;
          isOver = true;
          await removeMember(ctx, { room: id, user: alice, member: bob, ban: false });
        });
      const asking = search(
        { ...ctx, search: index },
        { user: bob, q: 'compass', ...('named' in asked ? { room: id } : {}) },
      );
      if ('named' in asked) await expect(asking).rejects.toMatchObject(code('forbidden'));
      else expect((await asking).items).toEqual([]);
      expect(isOver).toBe(true);
    }
  });

  it.each([
    ['no word at all', '!?… 🎉 --'],
    ['only the most common words', 'the of AND'],
    ['only those of other scripts', 'का में है'],
    ['more words than one may ask for', Array.from({ length: 17 }, (_, n) => `word${n}`).join(' ')],
  ])('refuses %s, and changes nothing', async (_, q) => {
    const id = await newRoom('the word0 of it');
    await settleAll(ctx, id);
    const before = [await readLog(ctx, id), await wordsInIndex(ctx, id)];
    await expect(find(q, { room: id })).rejects.toMatchObject({
      ...code('bad_request'),
      issues: [{ path: 'q' }],
    });
    await expect(find(q)).rejects.toMatchObject(code('bad_request'));
    expect([await readLog(ctx, id), await wordsInIndex(ctx, id)]).toEqual(before);
  });

  it('refuses a cursor of another list', async () => {
    for (const cursor of ['x', Buffer.from('{"room":"a"}').toString('base64url')]) {
      await expect(find('word', { cursor })).rejects.toMatchObject(code('bad_request'));
    }
  });

  it('finds the most common words, too, beside another one or by a beginning', async () => {
    const id = await newRoom('to be or not to be', 'not a problem', 'therefore', 'the end');
    await twice(id, async () => {
      expect(await texts('not prob', id)).toEqual(['not a problem']);
      expect(await texts('problem not', id)).toEqual(['not a problem']);
      expect(await texts('the en', id)).toEqual(['the end']);
      expect(await texts('th', id)).toEqual(['the end', 'therefore']);
    });
  });

  it('tells words apart that are longer than what the index holds', async () => {
    const long = 'x'.repeat(60);
    const id = await newRoom(`${long}a`, `${long}b`);
    await settleAll(ctx, id);
    expect(await texts(`${long}a`, id)).toEqual([`${long}a`]);
    expect(await texts(long, id)).toEqual([`${long}b`, `${long}a`]);
    expect(await texts(`${long}a ${long}`, id)).toEqual([`${long}a`]);
  });

  it('where it is off the call says so, and nothing is written', async () => {
    const off: ChatContext = { ...ctx, search: undefined };
    const id = await newRoom('an invisible message');
    await settleAll(off, id);
    expect(await wordsInIndex(ctx, id)).toEqual([]);
    await expect(search(off, { user: bob, q: 'invisible' })).rejects.toMatchObject(code('forbidden'));
  });

  it('a room’s words can be made anew: what is missing is put, what is left over goes, and no more is written', async () => {
    const id = await newRoom('one fish', 'two fish', 'red herring');
    const [first = 0, second = 0, third = 0] = (await readLog(ctx, id))
      .map(({ event }) => event.seq)
      .slice(2);
    await editMessage(ctx, { ...at(id, second), text: 'blue fish' });
    await deleteMessage(ctx, at(id, third));
    await settleAll(ctx, id);
    const should = await wordsByLog(ctx, id);
    expect(await wordsInIndex(ctx, id)).toEqual(should);
    const { search: index } = ctx;
    if (!index) throw new Error('there is no index');
    const rebuild = async () => [
      await mendWords({ ...ctx, search: index }, id, [first, second, third]),
      await sweepWords({ ...ctx, search: index }, id),
    ];
    expect(await rebuild()).toEqual([0, 0]);
    await index.delete(searchKeys.word(id, 'fish', first));
    await index.delete(searchKeys.word(id, 'blue', second));
    for (const [word, seq] of [
      ['two', second],
      ['herring', third],
      ['nothing', 999],
    ] as const) {
      await index.put({ ...searchKeys.word(id, word, seq) });
    }
    expect(await rebuild()).toEqual([2, 3]);
    expect(await wordsInIndex(ctx, id)).toEqual(should);
  });
});

function pad(seq: number): string {
  return String(seq).padStart(12, '0');
}

/** Numbers in the texts of all pages, `needle N …`. */
async function pages(q: string, asked: Asked): Promise<number[]> {
  const numbers: number[] = [];
  let cursor: string | undefined;
  do {
    const page = await search(ctx, { user: bob, q, ...asked, cursor });
    numbers.push(...page.items.map(({ text }) => Number(text?.split(' ')[1])));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return numbers;
}
