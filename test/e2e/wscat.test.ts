import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Account, people } from '../helper/account.ts';
import { endpoint } from '../helper/endpoint.ts';
import { createRoom } from '../helper/room.ts';
import { Terminal } from '../helper/terminal.ts';

let alice: Account;
let bob: Account;
let room: string;
beforeAll(async () => {
  [alice, bob] = await people(endpoint(), 'alice', 'bob');
  room = await createRoom(alice, { members: [bob] });
});

const terminals: Terminal[] = [];
afterEach(() => {
  for (const terminal of terminals.splice(0)) terminal.close();
});

function wscat(token: string): Terminal {
  const terminal = new Terminal(`npx wscat -c ${endpoint().websocket} -H "Authorization: Bearer ${token}"`);
  terminals.push(terminal);
  return terminal;
}

describe('wscat', () => {
  it('shows bob what alice types, and alice the reply with its number', async () => {
    const [hers, his] = [wscat(alice.token), wscat(bob.token)];
    await Promise.all([hers.shows(/Connected/), his.shows(/Connected/)]);
    hers.type(`{"action":"sendMessage","id":"typed","room":"${room}","text":"hello bob 🦊"}`);
    const [, seq] = await hers.shows(
      /< \{"type":"reply","id":"typed","action":"sendMessage","data":\{.*"seq":(\d+)/,
    );
    await his.shows(
      new RegExp(`< \\{"type":"events","room":"${room}".*"seq":${seq},.*"text":"hello bob 🦊"`),
    );
    his.type(`{"action":"sendMessage","room":"${room}","text":"hello alice"}`);
    await hers.shows(/< \{"type":"events".*"text":"hello alice"/);
  });

  it('gets an error for what it mistypes, and lives on', async () => {
    const hers = wscat(alice.token);
    await hers.shows(/Connected/);
    hers.type('hello?');
    await hers.shows(/< \{"type":"reply","error":\{"code":"bad_request","message":"unable to/);
    hers.type('{"action":"ping","id":"alive"}');
    await hers.shows(/< \{"type":"reply","id":"alive","action":"ping"/);
  });

  it('is refused at the door with a wrong token', async () => {
    const stranger = wscat('nonsense');
    await stranger.shows(/error: Unexpected server response: 40[13]/);
    expect(await stranger.ended).not.toBe(0);
  });
});
