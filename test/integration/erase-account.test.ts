import { unmarshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getAccount, getTombstone, putNewAccount } from '../../shared/data/accounts.ts';
import { getHead } from '../../shared/data/heads.ts';
import { listSessions } from '../../shared/data/sessions.ts';
import { chatContext, readLog } from '../helper/chat.ts';
import { CHAT_TABLE_NAME, type Database, startDatabase } from '../helper/database.ts';
import { type ErasureRun, runErasure } from '../helper/erasure-run.ts';

/** Runs, each of a few hundred calls. `ERASURE_SEEDS` sets another number. */
const SEEDS = Number(process.env.ERASURE_SEEDS ?? 25);

let database: Database;
beforeAll(async () => {
  database = await startDatabase({ streams: false });
});
afterAll(() => database.stop());

/** Every item of the table in which a name stands, but for its tombstones. */
async function traces(name: string): Promise<string[]> {
  const found: string[] = [];
  let from: unknown;
  do {
    const page = await database.call('Scan', {
      TableName: CHAT_TABLE_NAME,
      ConsistentRead: true,
      ...(from ? { ExclusiveStartKey: from } : {}),
    });
    for (const wire of page.Items as Parameters<typeof unmarshall>[0][]) {
      const item = unmarshall(wire);
      const { text: _, ...rest } = item;
      // What keeps the name from being given again, and what goes by itself after seven days.
      const isTombstone =
        [`ACCOUNT#${name}`, `SESSIONS#${name}`].includes(item.pk) ||
        (item.pk === `USER#${name}` && item.expiresAt !== undefined);
      if (!isTombstone && JSON.stringify(rest).includes(name)) found.push(JSON.stringify(rest));
    }
    from = page.LastEvaluatedKey;
  } while (from);
  return found;
}

async function expectErased(run: ErasureRun): Promise<void> {
  const ctx = chatContext(database);
  const { deleted, pseudonym, rooms } = run;
  expect(await traces(deleted)).toEqual([]);
  expect(await getTombstone(ctx.chat, deleted)).toMatchObject({ state: 'deleted', pseudonym });
  expect(await listSessions(ctx.chat, deleted)).toEqual([]);
  for (const id of Object.values(rooms)) {
    const log = await readLog(ctx, id);
    expect(log.map(({ event }) => event.seq)).toEqual(log.map((_, index) => index + 1));
    const messages = log.filter(({ event }) => event.type === 'message.created' && event.user === pseudonym);
    expect(messages.length).toBeGreaterThan(0);
    // What was written stays as it was written.
    expect(messages[0]?.event).toMatchObject({ text: `I am ${deleted}` });
  }
  const shared = await readLog(ctx, rooms.shared);
  const leaving = shared.filter(({ event }) => event.type === 'member.left');
  expect(leaving.map(({ event }) => event)).toEqual([expect.objectContaining({ member: pseudonym })]);
  // Of the two who stayed the one who had been there longer.
  expect((await getHead(ctx.chat, rooms.shared))?.owners).toEqual([deleted.replace('ada', 'bob')]);
  expect((await getHead(ctx.chat, rooms.own))?.deleted).toBe(true);
}

describe('the deletion of an account', () => {
  it('leaves nothing that names the user, in rooms that it is in, owns, or left long ago', async () => {
    await expectErased(await runErasure(database, 1_000_000, 0));
  });

  it(
    'goes on where it stopped, wherever it dies, beside those who write and the settler',
    async () => {
      let deaths = 0;
      for (let seed = 1; seed <= SEEDS; seed++) {
        const run = await runErasure(database, seed, 0.02);
        deaths += run.deaths;
        await expectErased(run);
      }
      expect(deaths).toBeGreaterThan(SEEDS / 2);
    },
    SEEDS * 30_000,
  );

  it('never gives the name to another', async () => {
    const { deleted } = await runErasure(database, 2_000_000, 0);
    const ctx = chatContext(database);
    const account = { user: deleted, displayName: 'Another', createdAt: new Date().toISOString() };
    expect(await putNewAccount(ctx.chat, account, 'later')).toBe(false);
    expect(await getAccount(ctx.chat, deleted)).toBeUndefined();
  });
});
