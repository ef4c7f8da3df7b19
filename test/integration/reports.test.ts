import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChatContext } from '../../shared/chat/context.ts';
import { changeMember } from '../../shared/chat/members.ts';
import { listReports, report } from '../../shared/chat/reports.ts';
import { sendMessage } from '../../shared/chat/send.ts';
import type { UserId } from '../../shared/protocol/ids.ts';
import { chatContext } from '../helper/chat.ts';
import { type Database, startDatabase } from '../helper/database.ts';
import { refusal, registered, roomOf } from '../helper/people.ts';

let database: Database;
let ctx: ChatContext;
let owner: UserId;
let admin: UserId;
let bob: UserId;
let stranger: UserId;

beforeAll(async () => {
  database = await startDatabase({ streams: false });
  ctx = chatContext(database);
  [owner, admin, bob, stranger] = await registered(ctx, 'owner', 'admin', 'bob', 'stranger');
});
afterAll(() => database.stop());

async function roomWithMessages() {
  const id = await roomOf(ctx, owner, [admin, bob]);
  await changeMember(ctx, { room: id, user: owner, member: admin, wanted: { role: 'admin' } });
  const said: number[] = [];
  for (const text of ['first', 'second']) {
    said.push((await sendMessage(ctx, { room: id, user: admin, text })).seq);
  }
  const [first = 0, second = 0] = said;
  return { id, first, second };
}

describe('reports', () => {
  it('come to the admins with the message, the newest first, page by page', async () => {
    const { id, first, second } = await roomWithMessages();
    await report(ctx, { room: id, user: bob, seq: first, reason: 'rude' });
    await report(ctx, { room: id, user: bob, seq: second, reason: 'ruder' });
    await report(ctx, { room: id, user: owner, seq: first, reason: 'I agree' });
    const pages = [await listReports(ctx, { room: id, user: admin, limit: 2 })];
    pages.push(await listReports(ctx, { room: id, user: admin, limit: 2, cursor: pages[0]?.cursor }));
    const items = pages.flatMap((page) => page.items);
    expect(items.map(({ seq, user, reason }) => [seq, user, reason])).toEqual([
      [second, bob, 'ruder'],
      [first, owner, 'I agree'],
      [first, bob, 'rude'],
    ]);
    expect(items[0]?.message).toMatchObject({ seq: second, text: 'second', user: admin });
  });

  it('one for each member and message: the second takes the place of the first', async () => {
    const { id, first } = await roomWithMessages();
    for (const reason of ['rude', 'very rude'])
      await report(ctx, { room: id, user: bob, seq: first, reason });
    const { items } = await listReports(ctx, { room: id, user: owner });
    expect(items.map((one) => one.reason)).toEqual(['very rude']);
  });

  it('are made by members, of messages, and read by admins', async () => {
    const { id, first, second } = await roomWithMessages();
    const by = (user: UserId, seq: number) => report(ctx, { room: id, user, seq, reason: 'x' });
    expect(await refusal(by(stranger, first))).toBe('forbidden');
    expect(await refusal(by(bob, 1))).toBe('not_found');
    expect(await refusal(by(bob, second + 1))).toBe('not_found');
    expect(await refusal(listReports(ctx, { room: id, user: bob }))).toBe('forbidden');
    expect(await refusal(listReports(ctx, { room: id, user: stranger }))).toBe('forbidden');
    expect(await refusal(listReports(ctx, { room: id, user: admin, cursor: 'x' }))).toBe('bad_request');
  });
});
