/** A real conversation: what search finds is what a scan by another hand finds. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChatContext } from '../../shared/chat/context.ts';
import { search } from '../../shared/chat/search.ts';
import type { FoundMessage } from '../../shared/protocol/rest.ts';
import { chatContext, room, user } from '../helper/chat.ts';
import { type Database, startDatabase } from '../helper/database.ts';
import { fillRoom, type Said } from '../helper/filled-room.ts';
import { randomOf } from '../simulation/random.ts';

/** The whole conversation lies beside a checkout; a day of it is in the repository (.ci/run). */
const WHOLE = join(import.meta.dirname, '../../../shared/data/ubuntu-irc.jsonl');
const DAY = join(import.meta.dirname, '../fixtures/irc/2004-12-25.jsonl');
const QUERIES = 60;
/** Queries of very many words and letters that are tried beside. */
const FIXED = [
  'ubuntu',
  'ub',
  'u',
  'install',
  'ins',
  'the install',
  'how to ins',
  'th',
  "don't",
  'i w',
  'http',
  '2.6',
];

const [alice, bob] = [user('alice'), user('bob')];
const place = room('conversation');
let database: Database;
let ctx: ChatContext;
let said: readonly Said[];
let spoken: readonly { readonly user: string; readonly words: readonly string[] }[];

beforeAll(async () => {
  database = await startDatabase({ streams: false });
  ctx = { ...chatContext(database), sleep: async () => {} };
  said = readSaid();
  spoken = said.map((one) => ({ user: one.user, words: split(one.text) }));
  await fillRoom(ctx, place, { owner: alice, member: bob, said });
});
afterAll(() => database.stop());

function readSaid(): Said[] {
  const lines = readFileSync(existsSync(WHOLE) ? WHOLE : DAY, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { kind: string; nick: string; text?: string });
  return lines.flatMap(({ kind, nick, text }) =>
    kind === 'message' && text
      ? [
          {
            user: user(
              `n-${nick
                .toLowerCase()
                .replace(/[^a-z0-9]/g, '')
                .slice(0, 20)}x`,
            ),
            text,
          },
        ]
      : [],
  );
}

/** Words by another way than the service's: what is left of each when its marks and its case are gone. */
const splitter = new Intl.Segmenter('en', { granularity: 'word' });
function split(text: string): string[] {
  const bare = text
    .normalize('NFD')
    .replace(/\p{Mn}/gu, '')
    .replaceAll('’', "'")
    .toLocaleLowerCase('en');
  return Array.from(splitter.segment(bare)).flatMap(({ isWordLike, segment }) =>
    isWordLike ? [segment] : [],
  );
}

/** Numbers of the messages that a query has to find, by looking at each. */
function scan(q: string, from: string | undefined): number[] {
  const asked = split(q);
  const last = asked.pop() ?? '';
  return spoken
    .flatMap(({ user: author, words }, index) => {
      if (from !== undefined && author !== from) return [];
      const fits =
        words.some((word) => word.startsWith(last)) && asked.every((wanted) => words.includes(wanted));
      return fits ? [index + 3] : [];
    })
    .reverse();
}

async function findAll(q: string, from: string | undefined, limit: number): Promise<FoundMessage[]> {
  const found: FoundMessage[] = [];
  let cursor: string | undefined;
  do {
    const page = await search(ctx, {
      user: bob,
      q,
      room: place,
      limit,
      cursor,
      ...(from === undefined ? {} : { from: user(from) }),
    });
    expect(page.items.length).toBeLessThanOrEqual(limit);
    found.push(...page.items);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return found;
}

/** Queries as people make them: some words of a message, the last one perhaps not finished, perhaps of who said it. */
function queries(): { q: string; from: string | undefined }[] {
  const random = randomOf(2004);
  return Array.from({ length: QUERIES }, () => {
    const one = random.pick(said);
    const words = split(one?.text ?? '')
      .filter(() => random.chance(0.6))
      .slice(0, 4);
    const last = words.pop() ?? 'linux';
    const cut = random.chance(0.5) ? last.slice(0, random.between(1, last.length)) : last;
    const q = [...words, cut].map((word) => (random.chance(0.3) ? word.toUpperCase() : word)).join(' ');
    return { q, from: random.chance(0.2) ? one?.user : undefined };
  });
}

describe('search in a real conversation', () => {
  it('finds what a scan finds, newest first, whatever is asked and however it is paged', async () => {
    const asked = [...queries(), ...FIXED.map((q) => ({ q, from: undefined }))];
    let found = 0;
    for (const [index, { q, from }] of asked.entries()) {
      const expected = scan(q, from);
      const results = await findAll(q, from, index % 3 === 0 ? 7 : 100).catch(
        (error: { code?: string }) => error,
      );
      if (!Array.isArray(results)) {
        expect(results, q).toMatchObject({ code: 'bad_request' });
        continue;
      }
      expect(
        results.map(({ seq }) => seq),
        q,
      ).toEqual(expected);
      for (const { text = '', matches } of results) {
        const marked = matches.flatMap(([start, end]) => split(text.slice(start, end)));
        const prefix = split(q).at(-1) ?? '';
        expect(
          marked.some((word) => word.startsWith(prefix)),
          `${q} in ${text}`,
        ).toBe(true);
      }
      found += results.length;
    }
    expect(found).toBeGreaterThan(1_000);
  });

  it('goes on from any number', async () => {
    const expected = scan('ubuntu', undefined);
    const before = expected[Math.floor(expected.length / 2)] ?? 0;
    const { items } = await search(ctx, { user: bob, q: 'ubuntu', room: place, before, limit: 5 });
    expect(items.map(({ seq }) => seq)).toEqual(expected.filter((seq) => seq < before).slice(0, 5));
  });
});
