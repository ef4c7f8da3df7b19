/** The moderation hook as it is deployed: the list of words that comes with Parley, asked by the functions that commit texts. */
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import '../helper/matchers.ts';
import { type Engine, startEngine } from '../../local/engine.ts';
import { build } from '../../scripts/build.ts';
import { synthesize } from '../../scripts/start/synthesize.ts';
import { type Account, bodyOf, people } from '../helper/account.ts';
import { createRoom, readMessages } from '../helper/room.ts';
import { bundledEnvironment, removeFolders, temporaryFolder } from './engine-helper.ts';

let engine: Engine | undefined;
let alice: Account;
afterEach(async () => {
  alice.disconnect();
  await engine?.close();
  engine = undefined;
});
afterAll(removeFolders);

async function start(context: Readonly<Record<string, string>>): Promise<Engine> {
  await build();
  const assemblyDirectory = join(await temporaryFolder(), 'cdk.out');
  await synthesize(assemblyDirectory, context);
  engine = await startEngine({
    assemblyDirectory,
    environmentScript: await bundledEnvironment(),
    logLevel: 'error',
  });
  [alice] = await people(engine, 'alice');
  return engine;
}

describe('moderationWords', () => {
  it('masks and refuses, over the socket and over HTTP, and what is heard is what was let through', async () => {
    // Longer than a first start of a function on a busy machine.
    await start({
      moderationWords: 'darn,!slur',
      moderationTimeoutMs: '5000',
      moderationOnTimeout: 'closed',
    });
    const room = await createRoom(alice);
    const client = await alice.connect();
    const { seq } = await client.command('sendMessage', { room, text: 'Darn good' });
    expect(await client.untilHeard(room, seq)).toMatchObject({ text: '**** good' });
    const refused = await client.ask({ action: 'sendMessage', room, text: 'a SLUR' });
    expect(refused).toBeRefused('forbidden');
    expect(refused.error?.message).toContain('a word that is not wanted');
    const post = (text: string) => alice.call('POST', `/api/rooms/${room}/messages`, { text });
    expect(await post('slur')).toBeRefused('forbidden');
    bodyOf(await post('plain'), 201);
    const edit = await client.ask({ action: 'editMessage', room, target: seq, text: 'no, a slur' });
    expect(edit).toBeRefused('forbidden');
    const texts = (await readMessages(alice, room)).map(({ text }) => text);
    expect(texts).toEqual(['**** good', 'plain']);
  }, 120_000);

  it('closed: what is not judged in time is not sent, and may be sent again', async () => {
    const { authorizer, model } = await start({
      moderationWords: 'darn',
      moderationTimeoutMs: '5000',
      moderationOnTimeout: 'closed',
    });
    const room = await createRoom(alice);
    const client = await alice.connect();
    const sender = model.functions.find(({ constructPath }) => constructPath.includes('SendMessageHandler'));
    const role = model.roles.find(({ arn }) => arn === sender?.roleArn);
    if (!role) throw new Error('sendMessage has no role');
    const statements = role.statements.filter(({ actions }) => !actions.includes('lambda:InvokeFunction'));
    expect(statements.length).toBe(role.statements.length - 1);
    authorizer.replaceRole({ ...role, statements });
    const message = { action: 'sendMessage', room, text: 'hello', id: 'again' };
    expect(await client.ask(message)).toBeRefused('unavailable');
    authorizer.replaceRole(role);
    const { seq } = await client.command('sendMessage', message);
    expect(seq).toBe(2);
  }, 120_000);
});
