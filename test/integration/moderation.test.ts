import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createModerate, readModerationSettings } from '../../functions/runtime/moderation.ts';
import { createAwsSend } from '../../shared/aws/client.ts';
import type { ChatContext } from '../../shared/chat/context.ts';
import { changeMember } from '../../shared/chat/members.ts';
import { updateRoom } from '../../shared/chat/room-settings.ts';
import { sendMessage } from '../../shared/chat/send.ts';
import { createLogger } from '../../shared/observability/log.ts';
import type { RoomId, UserId } from '../../shared/protocol/ids.ts';
import { chatContext, clientId, readLog } from '../helper/chat.ts';
import { type Database, startDatabase } from '../helper/database.ts';
import { refusal, registered, roomOf } from '../helper/people.ts';

const ARN = 'arn:aws:lambda:us-east-1:000000000000:function:judge';
const TIMEOUT_MS = 200;

let database: Database;
let owner: UserId;
let bob: UserId;
let lambda: Server;
/** What the hook answers, after how long; undefined: it never does. */
let answer: { readonly status?: number; readonly body: unknown; readonly afterMs?: number } | undefined;
const asked: { readonly path: string; readonly draft: unknown }[] = [];
const log: string[] = [];

beforeAll(async () => {
  database = await startDatabase({ streams: false });
  [owner, bob] = await registered(chatContext(database), 'owner', 'bob');
  lambda = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    asked.push({ path: request.url ?? '', draft: JSON.parse(text) });
    if (!answer) return;
    const { status = 200, body, afterMs = 0 } = answer;
    setTimeout(() => response.writeHead(status).end(JSON.stringify(body)), afterMs);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => lambda.once('listening', resolve));
});
afterAll(async () => {
  lambda.closeAllConnections();
  lambda.close();
  await database.stop();
});
afterEach(() => {
  answer = undefined;
  asked.length = 0;
  log.length = 0;
});

/** A handler environment whose hook is the server above. */
function handler(onTimeout: 'open' | 'closed' = 'open'): ChatContext {
  const environment = {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(lambda.address() as AddressInfo).port}`,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    MODERATION_FUNCTION: ARN,
    MODERATION_TIMEOUT_MS: String(TIMEOUT_MS),
    MODERATION_ON_TIMEOUT: onTimeout,
  };
  const settings = readModerationSettings(environment);
  if (!settings) throw new Error('no settings');
  const logger = createLogger({ level: 'debug', write: (line) => log.push(line) });
  const send = createAwsSend(environment);
  return { ...chatContext(database), moderate: createModerate(settings, { send, environment, logger }) };
}
const textOf = async (id: RoomId, seq: number) =>
  (await readLog(chatContext(database), id)).find(({ event }) => event.seq === seq)?.event;

describe('the moderation hook', () => {
  it('is asked by its ARN, with room, author and text, and may let pass', async () => {
    const id = await roomOf(chatContext(database), owner, [bob]);
    answer = { body: { decision: 'pass' } };
    const { seq } = await sendMessage(handler(), { room: id, user: bob, text: 'hello' });
    expect(asked).toEqual([
      {
        path: `/2015-03-31/functions/${encodeURIComponent(ARN)}/invocations`,
        draft: { room: id, user: bob, text: 'hello' },
      },
    ]);
    expect(await textOf(id, seq)).toMatchObject({ text: 'hello' });
  });

  it('may change the text', async () => {
    const id = await roomOf(chatContext(database), owner, [bob]);
    answer = { body: { decision: 'change', text: 'h***o' } };
    const { seq } = await sendMessage(handler(), { room: id, user: bob, text: 'hello' });
    expect(await textOf(id, seq)).toMatchObject({ text: 'h***o', n: 1 });
  });

  it('may refuse it, with a reason for the author; nothing is committed', async () => {
    const id = await roomOf(chatContext(database), owner, [bob]);
    answer = { body: { decision: 'refuse', reason: 'it is not kind' } };
    await expect(sendMessage(handler(), { room: id, user: bob, text: 'hello' })).rejects.toMatchObject({
      code: 'forbidden',
      message: 'unable to send; it is not kind',
    });
    expect(await readLog(chatContext(database), id)).toHaveLength(2);
  });

  it('is asked for who may write only, once a message, and not for a repeat (P3)', async () => {
    const ctx = chatContext(database);
    const id = await roomOf(ctx, owner, [bob]);
    answer = { body: { decision: 'pass' } };
    const message = { room: id, user: bob, text: 'hello', id: clientId('m') };
    const first = await sendMessage(handler(), message);
    expect(await sendMessage(handler(), message)).toEqual(first);
    expect(asked).toHaveLength(1);
    const mutedUntil = new Date(Date.now() + 60_000).toISOString();
    await changeMember(ctx, { room: id, user: owner, member: bob, wanted: { mutedUntil } });
    expect(await refusal(sendMessage(handler(), { room: id, user: bob, text: 'x' }))).toBe('forbidden');
    expect(asked).toHaveLength(1);
  });

  it('a refused message takes no turn in slow mode', async () => {
    const ctx = chatContext(database);
    const id = await roomOf(ctx, owner, [bob]);
    await updateRoom(ctx, { room: id, user: owner, wanted: { slowModeSeconds: 60 } });
    answer = { body: { decision: 'refuse', reason: 'no' } };
    const say = () => sendMessage(handler(), { room: id, user: bob, text: 'x' });
    expect(await refusal(say())).toBe('forbidden');
    answer = { body: { decision: 'pass' } };
    expect(await refusal(say())).toBe('none');
    expect(await refusal(say())).toBe('rate_limited');
  });

  it.each([
    ['never answers', undefined],
    ['answers too late', { body: { decision: 'refuse', reason: 'too late' }, afterMs: 2 * TIMEOUT_MS }],
    ['fails', { body: { errorMessage: 'boom' } }],
    ['can not be called', { status: 404, body: { Message: 'no such function' } }],
    ['answers what is none', { body: { decision: 'maybe' } }],
    ['makes a text of none', { body: { decision: 'change', text: '' } }],
  ])('open: a message passes where it %s; closed: it does not', async (_, given) => {
    const id = await roomOf(chatContext(database), owner, [bob]);
    answer = given;
    const startedAt = performance.now();
    const { seq } = await sendMessage(handler('open'), { room: id, user: bob, text: 'hello' });
    expect(performance.now() - startedAt).toBeLessThan(5 * TIMEOUT_MS);
    expect(await textOf(id, seq)).toMatchObject({ text: 'hello' });
    const refused = sendMessage(handler('closed'), { room: id, user: bob, text: 'hello' });
    await expect(refused).rejects.toMatchObject({
      code: 'unavailable',
      message: 'unable to send; the text could not be checked; send it again',
    });
    expect(log.join()).toContain('no verdict');
    expect(log.join()).not.toContain('hello');
  });
});

describe('its settings', () => {
  it('are none without a function, and refused without a time', () => {
    expect(readModerationSettings({})).toBeUndefined();
    expect(readModerationSettings({ MODERATION_FUNCTION: '' })).toBeUndefined();
    expect(() => readModerationSettings({ MODERATION_FUNCTION: ARN })).toThrow('MODERATION_TIMEOUT_MS');
  });
});
