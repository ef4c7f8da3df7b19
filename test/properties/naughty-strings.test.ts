/** Texts that trip up software: each comes back exactly as it was sent, by every way that a client reads. */
import naughtyStrings from 'big-list-of-naughty-strings' with { type: 'json' };
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Account, call, people } from '../helper/account.ts';
import type { Client } from '../helper/client.ts';
import { endpoint } from '../helper/endpoint.ts';
import { createRoom, readLog, readMessages } from '../helper/room.ts';

/** The list holds the empty text once, which no message can be. */
const texts = [...new Set(naughtyStrings)].filter((text) => text !== '');
/** Commands under way at once. */
const AT_ONCE = 20;
/** Edits of one message that the second test makes. */
const EDITS = 20;

let alice: Account;
let bob: Account;
let hers: Client;
let his: Client;
let room: string;
beforeAll(async () => {
  [alice, bob] = await people(endpoint(), 'alice', 'bob');
  room = await createRoom(alice, { members: [bob] });
  [hers, his] = await Promise.all([alice.connect(), bob.connect()]);
});
afterAll(() => {
  alice.disconnect();
  bob.disconnect();
});

/** The texts of messages by number. */
function textsOf(list: readonly { readonly seq: number; readonly text?: unknown }[]): Map<number, unknown> {
  return new Map(list.filter(({ text }) => text !== undefined).map(({ seq, text }) => [seq, text]));
}

describe('the Big List of Naughty Strings', () => {
  it(`each of its ${texts.length} texts is heard, synced and read as it was sent`, async () => {
    const sent = new Map<number, string>();
    for (let from = 0; from < texts.length; from += AT_ONCE) {
      await Promise.all(
        texts.slice(from, from + AT_ONCE).map(async (text) => {
          sent.set((await hers.command('sendMessage', { room, text })).seq, text);
        }),
      );
    }
    expect(sent.size).toBe(texts.length);
    await his.untilHeard(room, Math.max(...sent.keys()));
    expect(textsOf(his.heard(room))).toEqual(sent);
    expect(textsOf(await readLog(his, room))).toEqual(sent);
    expect(textsOf(await readMessages(bob, room))).toEqual(sent);
  });

  it('an edit gives a message such a text, as it was sent', async () => {
    const { seq: target } = await hers.command('sendMessage', { room, text: 'first' });
    for (const text of texts.filter((_, index) => index % Math.ceil(texts.length / EDITS) === 0)) {
      await hers.command('editMessage', { room, target, text });
      const { messages } = await his.command('history', { room, limit: 1 });
      expect(messages[0]?.text).toBe(text);
    }
  });

  it.each([
    ['a lone high surrogate', '\\ud800'],
    ['a lone low surrogate', 'a\\udfff'],
    ['surrogates in the wrong order', '\\udc00\\ud800'],
    ['4,001 characters', 'x'.repeat(4_001)],
    ['nothing at all', ''],
  ])('what no message can be is refused, and changes nothing: %s', async (_, text) => {
    const before = await readLog(his, room);
    const command = `{"action":"sendMessage","room":"${room}","text":"${text}"}`;
    expect((await hers.askRaw(command)).error?.code).toBe('bad_request');
    const answer = await call(endpoint(), 'POST', `/api/rooms/${room}/messages`, {
      token: alice.token,
      raw: `{"text":"${text}"}`,
    });
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'bad_request' } } });
    expect(await readLog(his, room)).toEqual(before);
  });
});
