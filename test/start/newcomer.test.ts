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

  it('ends everything on Ctrl-C, without an error', async () => {
    start.interrupt();
    expect([0, 130]).toContain(await start.ended);
    expect(start.screen).toMatch(/On AWS this run would have cost .*\d WebSocket messages/);
    for (const terminal of pasted) await terminal.shows(/Disconnected/);
  });
});
