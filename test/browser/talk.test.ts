/** Two people talk in the web app, one of them on a phone, and do all that it is for. */
import { readFile } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findChromium, openBrowser } from '../../scripts/browser.ts';
import { register } from '../helper/account.ts';
import { type Started, startService } from '../helper/start.ts';
import { Person, PHONE } from '../helper/web-app.ts';

const path = findChromium();
let service: Started;
let browser: Browser;
let alice: Person;
let bob: Person;

/** They do in a minute what people do in an hour. */
const CONTEXT = {
  commandsPerMinute: '6000',
  commandBurst: '1000',
  httpCallsPerMinute: '0',
  notificationDelaySeconds: '1',
};

describe.skipIf(path === undefined)('two people (needs Chromium on the PATH or in CHROMIUM)', () => {
  beforeAll(async () => {
    [service, browser] = await Promise.all([startService(CONTEXT), openBrowser(path ?? '')]);
    alice = await Person.register(browser, service, 'alice');
    bob = await Person.register(browser, service, 'bob', PHONE);
    await alice.createRoom('Harbour');
    await bob.join('Harbour');
  });
  afterAll(async () => {
    await browser?.close();
    await service?.close();
  });
  afterEach(() => {
    expect([...alice.complaints, ...bob.complaints]).toEqual([]);
  });

  it('hear each other, see who writes, and who has read it', async () => {
    await bob.composer.pressSequentially('ahoy');
    await alice.reads(new RegExp(`${bob.name} is typing`));
    await bob.say('ahoy there');
    await alice.sees('ahoy there');
    await alice.say('good morning');
    await bob.sees('good morning');
    await alice.page.getByText(`Read by ${bob.name}`).first().waitFor({ state: 'attached' });
    await alice.reads('Today');
  });

  it('group what one says, with links, code and emoji in it', async () => {
    await alice.say('look: https://example.com/a?b=c and `let x = 1`');
    await alice.say('```\nif (a < b) stop();\n```');
    const link = bob.message('look:').getByRole('link', { name: 'https://example.com/a?b=c' });
    expect(await link.getAttribute('rel')).toContain('noopener');
    expect(await bob.message('look:').locator('code').textContent()).toBe('let x = 1');
    expect(await bob.message('if (a < b)').locator('pre').textContent()).toContain('if (a < b) stop();');
    // The author stands above the first of a group alone.
    expect(await alice.message('if (a < b)').getByText(alice.name).count()).toBe(0);
    await alice.button('Insert an emoji').click();
    await alice.page.getByLabel('Search emoji').fill('sailboat');
    await alice.page.keyboard.press('Enter');
    await alice.composer.press('Enter');
    await bob.sees('⛵');
  });

  it('edit and delete', async () => {
    await alice.say('the tide is hihg');
    await alice.sees('the tide is hihg');
    await alice.composer.press('ArrowUp');
    const edit = alice.page.getByLabel('Edit message');
    await edit.fill('the tide is high');
    await edit.press('Enter');
    await bob.sees('the tide is high');
    await bob.message('the tide is high').getByText('(edited)').waitFor();
    await alice.choose('the tide is high', 'Earlier versions');
    await alice.page.getByRole('dialog').getByText('the tide is hihg').waitFor();
    await alice.page.keyboard.press('Escape');
    await alice.choose('the tide is high', 'Delete');
    await alice.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await bob.reads('This message was deleted.');
  });

  it('react, reply in a thread, and pin', async () => {
    await bob.say('who takes the helm?');
    await alice.sees('who takes the helm?');
    await alice.message('who takes the helm?').hover();
    await alice.message('who takes the helm?').getByRole('button', { name: 'React with 👍' }).click();
    await bob.message('who takes the helm?').getByRole('button', { name: /^👍 1/ }).click();
    await alice.message('who takes the helm?').getByRole('button', { name: /^👍 2/ }).click();
    await bob.message('who takes the helm?').getByRole('button', { name: /^👍 1/ }).waitFor();
    await alice.message('who takes the helm?').hover();
    await alice.message('who takes the helm?').getByRole('button', { name: 'Reply in thread' }).click();
    await alice.panel.getByRole('heading', { name: 'Thread' }).waitFor();
    await alice.panel.getByLabel('Reply').last().fill('I do');
    await alice.panel.getByRole('button', { name: 'Send message' }).click();
    await alice.panel.locator('article', { hasText: 'I do' }).waitFor();
    await bob.button(/^1 reply/).click();
    await bob.panel.locator('article', { hasText: 'I do' }).waitFor();
    await bob.button('Close Thread').click();
    await alice.button('Close Thread').click();
    await alice.choose('who takes the helm?', 'Pin');
    await bob.message('who takes the helm?').getByText('Pinned').waitFor();
    await alice.button('Pinned messages').click();
    await alice.panel.getByRole('button', { name: /who takes the helm/ }).waitFor();
    await alice.button('Close Pinned messages').click();
  });

  it('mention each other by completion; what is unread shows in the list, in the title, and goes when it is read', async () => {
    await bob.button('Back to rooms').click();
    await alice.composer.pressSequentially(`hey @${bob.name.slice(0, -2)}`);
    await alice.page.getByRole('option', { name: new RegExp(bob.name) }).waitFor();
    await alice.page.keyboard.press('Enter');
    await alice.composer.press('Enter');
    await bob.link('Harbour, .*unread, 1 mention').waitFor();
    await expect.poll(() => bob.page.title()).toMatch(/^\(1\)/);
    await bob.enter('Harbour');
    await bob.message('hey').getByText(`@${bob.name}`).waitFor();
    await bob.button('Back to rooms').click();
    await bob.page.getByRole('navigation').getByRole('link', { name: 'Harbour', exact: true }).waitFor();
    await expect.poll(() => bob.page.title()).toBe('Parley');
    await bob.enter('Harbour');
  });

  it('send files by button, drop and paste, with pictures to look at', async () => {
    const files = alice.page.getByLabel('Files to attach');
    await files.setInputFiles({ name: 'log.txt', mimeType: 'text/plain', buffer: Buffer.from('day one') });
    await alice.button('Remove log.txt').waitFor();
    await alice.say('the log');
    const download = bob.page.waitForEvent('download');
    await bob
      .message('the log')
      .getByRole('button', { name: /^Download log.txt/ })
      .click();
    expect((await download).suggestedFilename()).toBe('log.txt');
    await alice.page.evaluate<void, string>(givePicture, 'drop');
    await alice.button('Remove drop.png').waitFor();
    await alice.page.evaluate<void, string>(givePicture, 'paste');
    await alice.button('Remove paste.png').waitFor();
    await alice.button('Remove paste.png').click();
    await alice.say('our boat');
    // A busy machine takes longer to look at a picture than the client is ready to wait.
    await expect
      .poll(
        async () => {
          if (await alice.button('Send again').isVisible()) await alice.button('Send again').click();
          return bob.message('our boat').count();
        },
        { timeout: 20_000 },
      )
      .toBe(1);
    const picture = bob.message('our boat').getByRole('button', { name: 'Open picture drop.png' });
    await picture.locator('img').waitFor();
    await expect
      .poll(() => picture.locator('img').evaluate((img: HTMLImageElement) => img.naturalWidth))
      .toBeGreaterThan(0);
    await picture.click();
    await bob.page.getByRole('dialog').getByRole('img').waitFor();
    await bob.page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  });

  it('cancel an upload that is under way', async () => {
    await alice.page.route(/amz|uploads|127\.0\.0\.1/, async (route) => {
      if (route.request().method() === 'POST' && !route.request().url().includes('/api/'))
        await new Promise((resolve) => setTimeout(resolve, 3_000));
      await route.continue().catch(() => {});
    });
    const buffer = Buffer.alloc(2_000_000, 1);
    await alice.page
      .getByLabel('Files to attach')
      .setInputFiles({ name: 'map.bin', mimeType: 'application/octet-stream', buffer });
    await alice.page.getByRole('progressbar', { name: 'Uploading map.bin' }).waitFor();
    await alice.button('Cancel map.bin').click();
    await alice.button('Cancel map.bin').waitFor({ state: 'detached' });
    await alice.page.unroute(/amz|uploads|127\.0\.0\.1/);
  });

  it('find what was said, and jump there', async () => {
    await alice.button('Search').click();
    await alice.panel.getByLabel('Words to look for').fill('good morn');
    const hit = alice.panel.getByRole('button', { name: /good morning/ });
    await expect.poll(() => hit.locator('mark').allTextContents()).toEqual(['good', 'morning']);
    await hit.click();
    await expect.poll(() => alice.page.url()).not.toContain('at=');
    await alice.sees('good morning');
    await alice.button('Close Search').click();
  });

  it('talk directly, and see who is online', async () => {
    await alice.rooms('New direct message').click();
    const dialog = alice.page.getByRole('dialog');
    await dialog.getByLabel('Username begins with').fill(bob.name);
    await dialog.getByRole('button', { name: new RegExp(`@${bob.name} · online`) }).click();
    await alice.page.getByRole('heading', { level: 1, name: bob.name }).waitFor();
    await alice.say('between us');
    await bob.button('Back to rooms').click();
    await bob.link(alice.name).click();
    await bob.sees('between us');
    await bob.say('of course');
    await alice.sees('of course');
    await alice.enter('Harbour');
    await bob.button('Back to rooms').click();
    await bob.enter('Harbour');
  });

  it('are told by the browser of what they are not looking at, and one press leads there', async () => {
    await alice.page.context().grantPermissions(['notifications', 'clipboard-read', 'clipboard-write']);
    await alice.page.evaluate(listenToNotifications);
    await bob.say(`lights out, @${alice.name}`);
    await alice.sees('lights out');
    await alice.enter(bob.name);
    await bob.say(`are you asleep, @${alice.name}?`);
    const shown = () =>
      alice.page.evaluate(() => window.shownNotifications.map(({ title, body }) => ({ title, body })));
    // What was in front of alice is not told.
    await expect
      .poll(shown, { timeout: 10_000 })
      .toEqual([{ title: `${bob.name} in Harbour`, body: `are you asleep, @${alice.name}?` }]);
    await alice.page.evaluate(() => window.shownNotifications[0]?.dispatchEvent(new Event('click')));
    await alice.page.getByRole('heading', { level: 1, name: 'Harbour' }).waitFor();
    await alice.sees('are you asleep');
  });

  it('keep a room for a while, and take it along', async () => {
    await alice.createRoom('Logbook');
    await bob.button('Back to rooms').click();
    await bob.join('Logbook');
    await bob.say('wind from the west');
    await alice.sees('wind from the west');
    await alice.button('Room details').click();
    await alice.panel.getByLabel('Keep messages').selectOption('7 days');
    await alice.panel.getByRole('button', { name: 'Save changes' }).click();
    const dialog = alice.page.getByRole('dialog');
    await dialog.getByText(/Messages are kept for 7 days. Those that are older now are gone/).waitFor();
    await dialog.getByRole('button', { name: 'Delete and save' }).click();
    await dialog.waitFor({ state: 'detached' });
    const download = alice.page.waitForEvent('download');
    await alice.panel.getByRole('button', { name: 'Export messages' }).click();
    const file = await download;
    expect(file.suggestedFilename()).toBe('logbook.jsonl');
    const lines = (await readFile(await file.path(), 'utf8')).trimEnd().split('\n');
    const events = lines.map((line) => JSON.parse(line) as { seq: number; type: string; text?: string });
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    expect(events.filter(({ text }) => text === 'wind from the west')).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({ type: 'room.updated', retentionDays: 7 });
    // A member is told, and can do neither.
    await bob.button('Room details').click();
    await bob.panel.getByText('Messages are kept for 7 days.').waitFor();
    expect(await bob.panel.getByLabel('Keep messages').count()).toBe(0);
    expect(await bob.button('Export messages').count()).toBe(0);
    await bob.button('Close Room details').click();
    await bob.button('Back to rooms').click();
    // Both may take along what they said to each other.
    await bob.enter(alice.name);
    await bob.button('Room details').click();
    await bob.button('Export messages').waitFor();
    await bob.button('Close Room details').click();
    await bob.button('Back to rooms').click();
    await bob.enter('Harbour');
    await alice.enter('Harbour');
  });

  it('moderate: invite, mute, report, remove and ban', async () => {
    await alice.createRoom('Captains', 'private');
    await alice.button(/^Members/).click();
    await alice.panel.getByLabel('Invite someone').fill(bob.name);
    await alice.panel.getByRole('button', { name: 'Invite', exact: true }).click();
    await alice.panel.getByText(bob.name).first().waitFor();
    await bob.button('Back to rooms').click();
    await bob.enter('Captains');
    await bob.say('a rude word');
    await alice.sees('a rude word');
    await alice.choose('a rude word', 'Report');
    await alice.page.getByLabel('What is wrong with it?').fill('rude');
    await alice.page.getByRole('dialog').getByRole('button', { name: 'Report' }).click();
    await alice.reads(/^Reported\./);
    await alice.button('Room details').click();
    await alice.panel.getByRole('list', { name: 'Reported messages' }).getByText('rude').first().waitFor();
    await alice.button(/^Members/).click();
    // Once the row is where it stays.
    await alice.panel
      .getByRole('region', { name: /^Online/ })
      .getByText(bob.name)
      .first()
      .waitFor();
    const menu = async (item: string) => {
      await alice.panel.getByRole('button', { name: `Actions for ${bob.name}` }).click();
      await alice.page.getByRole('menuitem', { name: item }).click();
    };
    await menu('Mute …');
    await alice.page.getByRole('dialog').getByRole('button', { name: '10 minutes' }).click();
    await bob.reads(/You are muted|muted until/i);
    await menu('Ban from room');
    await alice.page.getByRole('dialog').getByRole('button', { name: 'Ban', exact: true }).click();
    await bob.link('Captains').waitFor({ state: 'detached' });
    await alice.button('Room details').click();
    await alice.panel.getByRole('button', { name: 'Lift the ban' }).click();
    await alice.reads(/may come back/);
    await alice.panel.getByRole('button', { name: 'Delete room' }).click();
    await alice.page.getByRole('dialog').getByRole('button', { name: 'Delete room' }).click();
    await alice.link('Captains').waitFor({ state: 'detached' });
  });

  it('keep the menu of a member open who comes online meanwhile', async () => {
    const carol = await register(service, 'carol');
    await alice.createRoom('Lookout', 'private');
    await alice.button(/^Members/).click();
    await alice.panel.getByLabel('Invite someone').fill(carol.user);
    await alice.panel.getByRole('button', { name: 'Invite', exact: true }).click();
    const among = (group: RegExp) =>
      alice.panel.getByRole('region', { name: group }).getByText(carol.user).first().waitFor();
    await among(/^Offline/);
    await alice.panel.getByRole('button', { name: `Actions for ${carol.user}` }).click();
    const mute = alice.page.getByRole('menuitem', { name: 'Mute …' });
    await mute.waitFor();
    const client = await carol.connect();
    await among(/^Online/);
    await mute.click();
    await alice.page.getByRole('dialog').getByRole('button', { name: '10 minutes' }).click();
    await client.waitFor('the muting', () =>
      client.frames.find((frame) => JSON.stringify(frame).includes('mutedUntil')),
    );
    carol.disconnect();
  });

  it('choose light or dark, and it stays', async () => {
    await alice.button('Theme').click();
    await alice.page.getByRole('menuitemradio', { name: 'Dark' }).click();
    const theme = () => alice.page.evaluate(() => document.documentElement.dataset.theme);
    expect(await theme()).toBe('dark');
    await alice.page.reload();
    await alice.button(/^Your profile/).waitFor();
    expect(await theme()).toBe('dark');
  });

  it('go, and come back to what was there', async () => {
    await bob.page.goto(`${service.http}/`);
    // With its socket open: one that is opened at that very moment is refused, and the browser says so.
    await bob
      .button(/^Your profile/)
      .getByText('Online')
      .waitFor();
    bob.mayBeRefused = true;
    await bob.button(/^Your profile/).click();
    await bob.page.getByRole('dialog').getByRole('button', { name: 'Log out', exact: true }).click();
    await bob.page.getByLabel('Username').waitFor();
    await bob.page.reload();
    await bob.logIn();
    await bob.enter('Harbour');
    await bob.sees('our boat');
    await bob.button('Room details').click();
    await bob.panel.getByRole('button', { name: 'Leave room' }).click();
    await bob.page.getByRole('dialog').getByRole('button', { name: 'Leave', exact: true }).click();
    await bob.link('Harbour').waitFor({ state: 'detached' });
  });
});

declare global {
  interface Window {
    /** Notifications that the page has shown. */
    shownNotifications: Notification[];
  }
}

/** Keeps each notification that the page shows; the browser's own constructor makes it. Runs in the page. */
function listenToNotifications(): void {
  window.shownNotifications = [];
  window.Notification = class extends Notification {
    constructor(title: string, options?: NotificationOptions) {
      super(title, options);
      window.shownNotifications.push(this);
    }
  };
}

/** A picture, dropped on the page or pasted into the text. Runs in the page. */
async function givePicture(how: string): Promise<void> {
  const canvas = new OffscreenCanvas(64, 48);
  const drawing = canvas.getContext('2d');
  if (drawing) drawing.fillRect(8, 8, 32, 24);
  const blob = await canvas.convertToBlob({ type: 'image/png' });
  const data = new DataTransfer();
  data.items.add(new File([blob], `${how}.png`, { type: 'image/png' }));
  const field = document.querySelector('textarea');
  if (how === 'paste') {
    field?.dispatchEvent(
      new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }),
    );
    return;
  }
  for (const type of ['dragenter', 'dragover', 'drop'])
    field?.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
}
