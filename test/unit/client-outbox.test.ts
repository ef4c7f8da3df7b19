import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Parley, Storage } from '../../client/index.ts';
import { memoryStorage } from '../../client/vault.ts';
// Loaded when it is needed, which takes its time by no clock of ours.
import '../../client/find-sent.ts';
import { FileId } from '../../shared/protocol/ids.ts';
import { FakeClients } from '../helper/fake-clients.ts';
import { type FakeService, tabs } from '../helper/fake-service.ts';

let clients: FakeClients;
let service: FakeService;
beforeEach(() => {
  clients = new FakeClients();
  service = clients.service;
});
afterEach(() => clients.close());

const open: FakeClients['open'] = (...how) => clients.open(...how);

const shown = (parley: Parley) =>
  parley
    .room('general')
    .messages.getSnapshot()
    .items.map((item) => `${item.status} ${item.text}`);
const said = () => service.messages().map(({ text }) => text);
/** What was read would tell what became of a message before anyone has to ask. */
async function forgetCache(storage: Storage): Promise<void> {
  for (const [key] of await storage.list('cache/')) await storage.delete(key);
}
const DAY = 24 * 60 * 60_000;

describe('the outbox', () => {
  it('shows a message at once, and in its place once it is in the log', async () => {
    const parley = await open();
    const seen: string[][] = [];
    parley.room('general').messages.subscribe(() => seen.push(shown(parley)));
    parley.room('general').send('hello');
    expect(shown(parley)).toEqual(['pending hello']);
    const key = parley.room('general').messages.getSnapshot().items[0]?.key;
    await service.clock.pass(50);
    expect(shown(parley)).toEqual(['sent hello']);
    expect(parley.room('general').messages.getSnapshot().items[0]?.key).toBe(key);
    // Never both, never neither.
    for (const items of seen) expect(items).toHaveLength(1);
  });

  it('P3 sends in order and once, though no answer comes and the connection breaks', async () => {
    const parley = await open();
    let round = 0;
    // Done, and the answer lost; then refused for a moment; then done.
    service.onCommand = ({ action, id }, socket) => {
      if (action !== 'sendMessage') return undefined;
      round++;
      if (round % 3 === 1) queueMicrotask(() => socket.cut());
      return round % 3 === 2
        ? {
            type: 'reply',
            id,
            error: { code: 'rate_limited', message: 'unable to send; too fast', retryAfterMs: 700 },
          }
        : undefined;
    };
    for (let count = 1; count <= 8; count++) parley.room('general').send(`message ${count}`);
    await service.clock.pass(60_000);
    expect(said()).toEqual(Array.from({ length: 8 }, (_, index) => `message ${index + 1}`));
    expect(shown(parley)).toEqual(said().map((text) => `sent ${text}`));
    expect(parley.outbox.getSnapshot()).toEqual([]);
  });

  it('P3 survives being closed for hours, and goes on where it was', async () => {
    const storage = memoryStorage();
    const first = await open({ storage });
    service.isUp = false;
    service.socket.cut();
    for (let count = 1; count <= 3; count++) first.room('general').send(`offline ${count}`);
    await service.clock.pass(1_000);
    await first.close();
    await service.clock.pass(6 * 60 * 60_000);
    const second = await open({ storage }, false);
    expect(shown(second)).toEqual(['pending offline 1', 'pending offline 2', 'pending offline 3']);
    service.isUp = true;
    await service.clock.pass(60_000);
    expect(said()).toEqual(['offline 1', 'offline 2', 'offline 3']);
    expect(shown(second)).toEqual(['sent offline 1', 'sent offline 2', 'sent offline 3']);
    expect(await storage.list('outbox/')).toEqual([]);
  });

  it('ends as failed with the reason, and goes out when it is tried again or is let go', async () => {
    const parley = await open();
    const room = parley.room('general');
    service.onCommand = ({ action, id }) =>
      action === 'sendMessage'
        ? { type: 'reply', id, error: { code: 'forbidden', message: 'unable to send; you are muted' } }
        : undefined;
    const [id, other] = [room.send('hello'), room.send('never')];
    await service.clock.pass(100);
    expect(room.messages.getSnapshot().items).toMatchObject([
      { status: 'failed', error: { code: 'forbidden', message: 'unable to send; you are muted' } },
      { status: 'failed' },
    ]);
    service.onCommand = () => undefined;
    room.retry(id);
    room.discard(other);
    await service.clock.pass(100);
    expect(shown(parley)).toEqual(['sent hello']);
  });

  it('waits for the service to look at a file, and not for ever', async () => {
    const parley = await open();
    const room = parley.room('general');
    const file = { file: FileId.parse('f'.repeat(26)), name: 'a.txt', size: 5, contentType: 'text/plain' };
    let refusals = 2;
    service.onCommand = ({ action, id }) =>
      action === 'sendMessage' && refusals-- > 0
        ? { type: 'reply', id, error: { code: 'conflict', message: 'unable to send; not looked at yet' } }
        : undefined;
    room.send('with a file', { attachments: [file] });
    await service.clock.pass(3_000);
    expect(shown(parley)).toEqual(['sent with a file']);
    refusals = Number.POSITIVE_INFINITY;
    room.send('with one that is none', { attachments: [file] });
    await service.clock.pass(30_000);
    expect(shown(parley)).toEqual(['sent with a file', 'failed with one that is none']);
  });

  it('P3 looks into the log for what was first sent more than a day ago, instead of sending it twice', async () => {
    const storage = memoryStorage();
    const first = await open({ storage });
    // Committed, and the answer never heard.
    service.onCommand = ({ action }, socket) => {
      if (action !== 'sendMessage') return undefined;
      service.isUp = false;
      socket.isSilent = true;
      queueMicrotask(() => socket.cut());
      return undefined;
    };
    first.room('general').send('was it sent?');
    await service.clock.pass(100);
    expect(said()).toEqual(['was it sent?']);
    await first.close();
    expect(await storage.list('outbox/')).toHaveLength(1);
    await forgetCache(storage);
    await service.clock.pass(DAY + 1_000);
    service.forgetIds();
    service.isUp = true;
    service.onCommand = () => undefined;
    const second = await open({ storage }, false);
    await service.clock.pass(5_000);
    expect(said()).toEqual(['was it sent?']);
    expect(shown(second)).toEqual(['sent was it sent?']);
  });

  it('shows a message once whose answer never came, and that history has', async () => {
    const storage = memoryStorage();
    const first = await open({ storage });
    service.onCommand = ({ action }, socket) => {
      if (action === 'sendMessage') socket.isSilent = true;
      return undefined;
    };
    first.room('general').send('once');
    await service.clock.pass(100);
    await first.close();
    await forgetCache(storage);
    // From now on no answer comes at all to what is sent.
    service.onCommand = ({ action }) => (action === 'sendMessage' ? { type: 'nothing' } : undefined);
    const second = await open({ storage }, false);
    expect(shown(second)).toEqual(['sent once']);
    expect(second.outbox.getSnapshot()).toHaveLength(1);
    service.onCommand = () => undefined;
    await service.clock.pass(60_000);
    expect(shown(second)).toEqual(['sent once']);
    expect(second.outbox.getSnapshot()).toEqual([]);
    expect(said()).toEqual(['once']);
  });

  it('sends what was tried more than a day ago and never arrived', async () => {
    const storage = memoryStorage();
    const first = await open({ storage });
    service.onCommand = ({ action }, socket) => {
      if (action !== 'sendMessage') return undefined;
      service.isUp = false;
      socket.cut();
      return { type: 'nothing' };
    };
    first.room('general').send('late');
    await service.clock.pass(100);
    await first.close();
    await service.clock.pass(2 * DAY);
    service.isUp = true;
    service.onCommand = () => undefined;
    await open({ storage }, false);
    await service.clock.pass(5_000);
    expect(said()).toEqual(['late']);
  });

  it('is shared by tabs: shown in each, sent once, and by another where its own is gone', async () => {
    const storage = memoryStorage();
    const channel = tabs();
    const first = await open({ storage, openChannel: channel });
    const second = await open({ storage, openChannel: channel }, false);
    first.room('general').send('from the first');
    await service.clock.pass(100);
    expect(said()).toEqual(['from the first']);
    expect(shown(second)).toEqual(['sent from the first']);
    // The first tab is closed before it could send.
    service.isUp = false;
    for (const socket of service.sockets) socket.cut();
    first.room('general').send('from the grave');
    await service.clock.pass(10);
    expect(shown(second)).toEqual(['sent from the first', 'pending from the grave']);
    await first.close();
    service.isUp = true;
    await service.clock.pass(60_000);
    expect(said()).toEqual(['from the first', 'from the grave']);
    expect(second.outbox.getSnapshot()).toEqual([]);
  });

  it('refuses a text that no service takes', async () => {
    const parley = await open();
    for (const text of ['', 'x'.repeat(4_001), '\ud800']) {
      expect(() => parley.room('general').send(text)).toThrow(/unable to send; text must hold/);
    }
    expect(parley.outbox.getSnapshot()).toEqual([]);
  });
});
