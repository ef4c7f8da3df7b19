import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Terminal } from '../helper/terminal.ts';

/** A newcomer's screen: `npm start` in one terminal, the printed lines pasted into two others. */
describe('npm start', () => {
  let start: Terminal;
  const pasted: Terminal[] = [];

  beforeAll(async () => {
    start = new Terminal('npm start -- --port 0');
    await start.shows(/Ctrl-C ends everything/, 90_000);
  }, 100_000);

  afterAll(() => {
    for (const terminal of [...pasted, start]) terminal.close();
  });

  const lineOf = (user: string): string => {
    const line = new RegExp(`# ${user}\\s+(npx wscat .*)`).exec(start.screen)?.[1]?.trim();
    if (!line) throw new Error(`npm start printed no line for ${user}: ${start.screen}`);
    return line;
  };

  it('prints the addresses of HTTP and WebSocket', () => {
    expect(start.screen).toMatch(/http:\/\/(localhost|127\.0\.0\.1):\d+/);
    expect(start.screen).toMatch(/ws:\/\/(localhost|127\.0\.0\.1):\d+\/ws/);
  });

  it('prints lines that let alice and bob talk in the room that it tells', async () => {
    const [hers, his] = ['alice', 'bob'].map((user) => new Terminal(lineOf(user)));
    if (!hers || !his) throw new Error('a terminal is missing');
    pasted.push(hers, his);
    await Promise.all([hers.shows(/Connected/), his.shows(/Connected/)]);
    const say = /\{"action":"sendMessage","room":"general","text":"hello"\}/.exec(start.screen)?.[0];
    hers.type(say ?? '');
    await hers.shows(/< \{"type":"reply",.*"data":\{"room":"general","seq":\d+/);
    await his.shows(/< \{"type":"events","room":"general",.*"user":"alice",.*"text":"hello"/);
  });

  it('is talked to from the terminal with `npm run chat`', async () => {
    const url = /http:\/\/[\w.]+:\d+/.exec(start.screen)?.[0];
    const [hers, his] = ['alice', 'bob'].map(
      (user) => new Terminal(`npm run --silent chat -- --user ${user} --room general --url ${url}`),
    );
    if (!hers || !his) throw new Error('a terminal is missing');
    pasted.push(hers, his);
    await Promise.all([hers.shows(/— online/), his.shows(/— online/)]);
    hers.type('good morning');
    const [, number] = await his.shows(/(\d+) alice: good morning/);
    his.type(`/react ${number} 👍`);
    await hers.shows(/alice: good morning 👍 1/);
    his.type(`/edit ${number} good night`);
    await his.shows(/! unable to edit; /);
    his.type('/who');
    await his.shows(/online: alice, bob/);
    for (const terminal of [hers, his]) terminal.type('/quit');
    expect(await Promise.all([hers.ended, his.ended])).toEqual([0, 0]);
  });

  it('ends everything on Ctrl-C, without an error', async () => {
    start.interrupt();
    expect([0, 130]).toContain(await start.ended);
    expect(start.screen).toMatch(/On AWS this run would have cost .*\d WebSocket messages/);
    for (const terminal of pasted.slice(0, 2)) await terminal.shows(/Disconnected/);
  });
});
