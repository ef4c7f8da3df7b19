import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../helper/matchers.ts';
import { type Account, bodyOf, call, people } from '../helper/account.ts';
import type { Client } from '../helper/client.ts';
import { endpoint, pause } from '../helper/endpoint.ts';
import { createRoom } from '../helper/room.ts';
import { isRecord, type Reply } from '../helper/wire.ts';

/** The limits without any context, as docs/protocol.md has them. */
const BURST = 30;
const INTERVAL_MS = 600;
const SAME_TEXTS = 30;
const LINKS = 30;
/** More than the burst comes through where answers take long: the bucket fills meanwhile. */
const refilled = (since: number) => Math.ceil((Date.now() - since) / INTERVAL_MS);

let alice: Account;
let bob: Account;
beforeAll(async () => {
  [alice, bob] = await people(endpoint(), 'alice', 'bob');
});
afterAll(() => {
  alice.disconnect();
  bob.disconnect();
});

/** Sends commands all at once; the replies in the order in which they came. */
async function atOnce(client: Client, commands: readonly Record<string, unknown>[]): Promise<Reply[]> {
  const from = client.frames.length;
  for (const command of commands) client.sendRaw(JSON.stringify(command));
  const replies = () => client.frames.slice(from).filter((frame) => frame.type === 'reply');
  return client.waitFor('all replies', () => (replies().length >= commands.length ? replies() : undefined));
}

/** Whether it is the connection's rate that refused, so that a moment later the same passes. */
function isTooFast({ error }: Reply): boolean {
  return error?.code === 'rate_limited' && error.message.startsWith('unable to accept the command; ');
}

/** Sends until the answer does not come from the connection's rate. */
async function sendSlowly(client: Client, command: Record<string, unknown>): Promise<Reply> {
  for (;;) {
    const reply = await client.ask(command, { patient: false });
    if (!isTooFast(reply)) return reply;
    await pause(reply.error?.retryAfterMs ?? INTERVAL_MS);
  }
}

describe('the rate of a connection', () => {
  it('P8 clean refusals: lets a burst of 30 through, refuses the rest with a time, and admits again after it', async () => {
    const client = await alice.connect();
    const since = Date.now();
    const pings = Array.from({ length: 60 }, (_, index) => ({ action: 'ping', id: `p${index}` }));
    const replies = await atOnce(client, pings);
    const admitted = replies.filter(({ error }) => !error);
    expect(admitted.length).toBeGreaterThanOrEqual(BURST);
    expect(admitted.length).toBeLessThanOrEqual(BURST + refilled(since));
    const refused = replies.filter(({ error }) => error);
    for (const reply of refused) {
      expect(reply).toBeRefused('rate_limited');
      expect(reply.error?.retryAfterMs).toBeGreaterThan(0);
      expect(reply.error?.retryAfterMs).toBeLessThanOrEqual(INTERVAL_MS);
    }
    await pause(refused.at(-1)?.error?.retryAfterMs ?? 0);
    expect((await client.ask({ action: 'ping' })).error).toBeUndefined();
  });

  it('is each connection’s own, and nothing that is wrong with a frame is free', async () => {
    const [one, other] = [await bob.connect(), await bob.connect()];
    const from = one.frames.length;
    for (let frame = 0; frame < 60; frame++) one.sendRaw('no JSON');
    const codes = await one.waitFor('all replies', () => {
      const replies = one.frames.slice(from).flatMap((frame) => (frame.type === 'reply' ? [frame] : []));
      return replies.length === 60 ? replies.map(({ error }) => error?.code) : undefined;
    });
    expect(codes.filter((code) => code === 'bad_request').length).toBeGreaterThanOrEqual(BURST);
    expect(codes).toContain('rate_limited');
    expect((await other.ask({ action: 'ping' }, { patient: false })).error).toBeUndefined();
  });
});

describe('the rate of HTTP calls', () => {
  it('lets a burst of 30 of a user through, and refuses the rest with 429 and a time', async () => {
    const [carol] = await people(endpoint(), 'carol');
    const since = Date.now();
    const answers = await Promise.all(
      Array.from({ length: 60 }, () =>
        call(endpoint(), 'GET', '/api/auth/me', { token: carol.token, patient: false }),
      ),
    );
    const admitted = answers.filter(({ status }) => status === 200);
    expect(admitted.length).toBeGreaterThanOrEqual(BURST);
    expect(admitted.length).toBeLessThanOrEqual(BURST + refilled(since));
    const refused = answers.filter(({ status }) => status !== 200);
    for (const answer of refused) {
      expect(answer).toBeRefused('rate_limited');
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    bodyOf(await carol.call('GET', '/api/auth/me'), 200);
    bodyOf(await alice.call('GET', '/api/auth/me'), 200);
  });
});

describe('spam', () => {
  it('the same text is refused after so many times; another one and a repeat of one that came through are not', async () => {
    const room = await createRoom(alice);
    const client = await alice.connect();
    const send = (id: string, text: string) => sendSlowly(client, { action: 'sendMessage', id, room, text });
    const first = await send('s0', 'Buy this!');
    let refused: Reply | undefined;
    // Counted by the minute: where one ends meanwhile, twice as many come through.
    for (let sent = 1; sent <= 2 * SAME_TEXTS && !refused; sent++) {
      const reply = await send(`s${sent}`, sent % 2 === 0 ? 'buy  THIS!' : 'Buy this!');
      if (!reply.error) continue;
      expect(sent).toBeGreaterThanOrEqual(SAME_TEXTS);
      refused = reply;
    }
    expect(refused).toBeRefused('rate_limited');
    expect(refused?.error?.message).toBe('unable to send; the same text was sent too often');
    expect(refused?.error?.retryAfterMs).toBeLessThanOrEqual(60_000);
    expect((await send('other', 'Something else')).error).toBeUndefined();
    const again = await send('s0', 'Buy this!');
    expect(isRecord(again.data) && again.data.seq).toBe(isRecord(first.data) && first.data.seq);
  });

  it('many links are refused, in one message too, over both ways', async () => {
    const room = await createRoom(alice);
    const client = await alice.connect();
    const links = (count: number) =>
      Array.from({ length: count }, (_, i) => `https://${i}.example`).join(' ');
    const many = { room, text: `Look: ${links(LINKS + 1)}` };
    expect(await sendSlowly(client, { action: 'sendMessage', ...many })).toBeRefused('rate_limited');
    expect(await alice.call('POST', `/api/rooms/${room}/messages`, { text: many.text })).toBeRefused(
      'rate_limited',
    );
    const few = await sendSlowly(client, { action: 'sendMessage', room, text: `Look: ${links(3)}` });
    expect(few.error).toBeUndefined();
  });
});
