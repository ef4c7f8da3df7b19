/** What the web app bears: texts that break others, ten thousand messages, people who don't see or don't use a mouse, a slow line. */
import { gzipSync } from 'node:zlib';
import naughty from 'big-list-of-naughty-strings';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { findChromium, openBrowser } from '../../scripts/browser.ts';
import type { RoomId, UserId } from '../../shared/protocol/ids.ts';
import { type Account, bodyOf, register } from '../helper/account.ts';
import { barriers } from '../helper/axe.ts';
import { fillRoom } from '../helper/long-room.ts';
import { type Started, startService } from '../helper/start.ts';
import { Person, PHONE } from '../helper/web-app.ts';

const path = findChromium();
const CONTEXT = {
  commandsPerMinute: '6000',
  commandBurst: '1000',
  httpCallsPerMinute: '0',
  sameTextPerMinute: '0',
};
/** Script of the first load at most, bytes, gzipped. */
const FIRST_LOAD = 150 * 1_024;
const MANY = 10_000;
/** How long somebody scrolls up, ms. */
const READ_BACK_MS = 20_000;

let service: Started;
let browser: Browser;
let ann: Person;
/** Another user, over the API. */
let writer: Account;

describe.skipIf(path === undefined)('the web app (needs Chromium on the PATH or in CHROMIUM)', () => {
  beforeAll(async () => {
    [service, browser] = await Promise.all([startService(CONTEXT), openBrowser(path ?? '')]);
    writer = await register(service, 'writer');
  });
  afterAll(async () => {
    await browser?.close();
    await service?.close();
  });
  afterEach(() => {
    expect(ann.complaints).toEqual([]);
  });

  const create = async (room: string, name: string, topic?: string) => {
    const body = { room, name, kind: 'public', ...(topic && { topic }) };
    bodyOf(await writer.call('POST', '/api/rooms', body), 201);
  };

  it('needs little script before it shows the rooms', async () => {
    ann = await Person.open(browser, service, 'ann');
    await ann.page.waitForLoadState('networkidle');
    const scripts: Promise<Buffer>[] = [];
    ann.page.on('response', (response) => {
      if (response.request().resourceType() === 'script') scripts.push(response.body());
    });
    await ann.page.reload({ waitUntil: 'networkidle' });
    const first = (await Promise.all(scripts)).reduce((sum, script) => sum + gzipSync(script).length, 0);
    await ann.close();
    ann = await Person.register(browser, service, 'ann');
    expect(first).toBeGreaterThan(10_000);
    expect(first).toBeLessThanOrEqual(FIRST_LOAD);
  });

  it('shows the naughty strings as the text that they are', async () => {
    const hostile = '"><img src=x onerror=alert(1)><script>alert(1)</script>';
    await create('naughty', hostile.slice(0, 90), hostile);
    const texts = chunks(naughty.filter((text) => text.trim() !== ''));
    for (const text of texts) bodyOf(await writer.call('POST', '/api/rooms/naughty/messages', { text }), 201);
    let dialogs = 0;
    ann.page.on('dialog', (dialog) => {
      dialogs++;
      void dialog.dismiss();
    });
    await ann.page.evaluate(() => {
      location.hash = '#/naughty';
    });
    await ann.button(/^Join/).click();
    await ann.page.getByRole('heading', { level: 1, name: '<img src=x onerror=alert(1)>' }).waitFor();
    // It opens at its end, once the rows there are measured.
    const log = ann.page.getByRole('log');
    const isAtEnd = () =>
      expect
        .poll(() => log.evaluate((list) => list.scrollHeight - list.scrollTop - list.clientHeight), {
          timeout: 10_000,
        })
        .toBeLessThan(8);
    await isAtEnd();
    // And stays there while something else comes and goes beside it.
    await ann.button('Room details').click();
    await ann.panel.getByRole('heading', { name: 'Room details' }).waitFor();
    await isAtEnd();
    await ann.button('Close Room details').click();
    await ann.panel.waitFor({ state: 'detached' });
    await isAtEnd();
    const seen = new Set<string>();
    await expect
      .poll(
        async () => {
          for (const text of await ann.page.locator('article').allTextContents()) seen.add(bare(text));
          await log.evaluate((list) => list.scrollBy(0, -list.clientHeight / 2));
          const all = [...seen].join('\n');
          return texts.flatMap((text) => text.split('\n')).filter((line) => !all.includes(bare(line)));
        },
        { timeout: 20_000 },
      )
      .toEqual([]);
    expect(dialogs).toBe(0);
    const foreign = 'article :is(script, iframe, object, embed, style, form, img:not([src^="blob:"]))';
    expect(await ann.page.locator(foreign).count()).toBe(0);
  });

  it('holds ten thousand messages, and scrolls among them as among a hundred', async () => {
    await create('long', 'Long');
    const texts = Array.from({ length: MANY }, (_, index) => `message ${index + 1} of many`);
    await fillRoom(service.aws, 'long' as RoomId, writer.user as UserId, texts);
    await ann.page.evaluate(() => {
      location.hash = '#/long';
    });
    await ann.button(/^Join/).click();
    await ann.sees(`message ${MANY} of many`);
    const few = await ann.page.evaluate(scrollFor, 1_500);
    await ann.page.evaluate(scrollToTheTop, READ_BACK_MS);
    // A busy machine does not come to the beginning in that time; so far all has to be as it was with a hundred.
    const first = Number(
      /message (\d+) of/.exec((await ann.page.locator('article').first().textContent()) ?? '')?.[1],
    );
    expect(first).toBeLessThan(MANY - 2_000);
    const all = await ann.page.evaluate(scrollFor, 1_500);
    expect(all.frames / all.ms).toBeGreaterThan((0.5 * few.frames) / few.ms);
    // Only those near the window are in the page.
    expect(await ann.page.locator('article').count()).toBeLessThan(150);
    // And from there to the very beginning.
    await ann.page.evaluate(() => {
      location.hash = '#/long?at=3';
    });
    await ann.sees('message 1 of many');
  }, 90_000);

  it('shows whole what can be done about the topmost message, half of which is out of sight', async () => {
    await expect.poll(() => ann.page.url(), { timeout: 10_000 }).not.toContain('at=');
    await ann.page.evaluate(comeToRest);
    const edge = await ann.page.evaluate(halfOver);
    const message = ann.page.locator(`[data-message="${edge.message}"]`);
    const toolbar = message.getByRole('toolbar', { name: 'Message actions' });
    // While the list scrolls, and a moment longer, no message feels the pointer: it comes again until one does.
    let moves = 0;
    await vi.waitFor(
      async () => {
        await ann.page.mouse.move(edge.left + 200 + (++moves % 2), edge.top + 4);
        const box = await toolbar.boundingBox({ timeout: 1_000 });
        expect(box?.y).toBeGreaterThanOrEqual(edge.top);
        await toolbar.getByRole('button', { name: 'React with 👍' }).click({ timeout: 1_000 });
      },
      { timeout: 20_000 },
    );
    await message.getByRole('button', { name: /^👍 1/ }).waitFor();
  });

  it.each(['light', 'dark'] as const)(
    'has no serious barrier in any of its views: %s',
    async (colorScheme) => {
      const room = `deck-${colorScheme}`;
      await prepare(room);
      const out = await Person.open(browser, service, 'out');
      const phone = await Person.register(browser, service, 'pia', PHONE);
      for (const { page } of [ann, out, phone])
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      const found: Record<string, string[]> = {};
      const look = async ({ page }: Person, view: string) => {
        const faults = await barriers(page);
        if (faults.length > 0) found[view] = faults;
      };
      await look(out, 'log in');
      await out.button('Create an account').click();
      await look(out, 'register');
      await look(phone, 'rooms on a phone');
      await phone.join(room);
      await phone.sees('what do you say?');
      await look(phone, 'room on a phone');
      await ann.page.goto(`${service.http}/#/`);
      await look(ann, 'nothing open');
      await ann.enter(room);
      await ann.sees('what do you say?');
      await look(ann, 'room');
      for (const button of [/^Members/, 'Threads', 'Pinned messages', 'Search', 'Room details']) {
        await ann.button(button).first().click();
        await ann.panel.getByRole('heading', { level: 2 }).waitFor();
        await look(ann, String(button));
      }
      await ann.message('what do you say?').hover();
      await ann.message('what do you say?').getByRole('button', { name: 'Reply in thread' }).click();
      await ann.panel.getByText('that it floats').waitFor();
      await look(ann, 'thread');
      await ann.message('what do you say?').hover();
      await ann.button('More actions').first().click();
      await look(ann, 'menu of a message');
      await ann.page.keyboard.press('Escape');
      for (const button of ['Discover rooms', 'Create a room', 'New direct message', /^Your profile/]) {
        await ann.button(button).click();
        await ann.page.getByRole('dialog').waitFor();
        await look(ann, String(button));
        await ann.page.keyboard.press('Escape');
        await ann.page.getByRole('dialog').waitFor({ state: 'detached' });
      }
      await ann.button('Insert an emoji').first().click();
      await ann.page.getByLabel('Search emoji').waitFor();
      await look(ann, 'emoji');
      await ann.page.keyboard.press('Escape');
      expect(found).toEqual({});
      expect([...out.complaints, ...phone.complaints]).toEqual([]);
      await Promise.all([out.close(), phone.close()]);
    },
    90_000,
  );

  /** A room of ann's where something was said, answered, liked and pinned. */
  async function prepare(room: string): Promise<void> {
    await create(room, room, 'what is done on deck');
    const said = await writer.call('POST', `/api/rooms/${room}/messages`, { text: 'what do you say?' });
    const { seq } = bodyOf<{ seq: number }>(said, 201);
    const at = `/api/rooms/${room}/messages`;
    bodyOf(await writer.call('POST', at, { text: 'that it floats', thread: seq }), 201);
    bodyOf(
      await writer.call('POST', at, { text: `hello @${ann.name}, see \`it\` and https://example.com` }),
      201,
    );
    bodyOf(await writer.call('PUT', `${at}/${seq}/reactions/${encodeURIComponent('⛵')}`), 200);
    bodyOf(await writer.call('PUT', `${at}/${seq}/pin`), 200);
    bodyOf(await writer.call('PUT', `/api/rooms/${room}/members/${ann.name}`, { role: 'admin' }), 200);
  }
});

interface Scrolled {
  readonly frames: number;
  readonly ms: number;
}

/** Up and down a few screens, frame by frame. Runs in the page. */
async function scrollFor(ms: number): Promise<Scrolled> {
  const log = document.querySelector('[role=log]');
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const start = performance.now();
  let frames = 0;
  while (performance.now() - start < ms) {
    await frame();
    log?.scrollBy(0, Math.floor(frames / 10) % 2 === 0 ? -120 : 120);
    frames++;
  }
  return { frames, ms: performance.now() - start };
}

interface Edge {
  readonly left: number;
  readonly top: number;
  /** Number of the message that lies over it. */
  readonly message: string | undefined;
}

/** Scrolls so that a message lies half over the upper edge. Runs in the page. */
function halfOver(): Edge {
  const log = document.querySelector('[role=log]');
  const { left = 0, top = 0, bottom = 0 } = log?.getBoundingClientRect() ?? {};
  const seen = [...(log?.querySelectorAll<HTMLElement>('article') ?? [])];
  const article = seen.find((each) => each.getBoundingClientRect().top > (top + bottom) / 2);
  const box = article?.getBoundingClientRect();
  log?.scrollBy(0, (box?.top ?? 0) - top + (box?.height ?? 0) / 2);
  return { left, top, message: article?.dataset.message };
}

/** Until what was loaded for a place has its height: half a second without a change. Runs in the page. */
async function comeToRest(): Promise<void> {
  const log = document.querySelector('[role=log]');
  let seen = '';
  for (let since = performance.now(); performance.now() - since < 500; ) {
    const now = `${log?.scrollTop} ${log?.scrollHeight}`;
    if (now !== seen) since = performance.now();
    seen = now;
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
}

/** As fast as what is older comes. Runs in the page. */
async function scrollToTheTop(mostMs: number): Promise<void> {
  const log = document.querySelector('[role=log]');
  const end = performance.now() + mostMs;
  while (performance.now() < end && !/Welcome to/.test(log?.textContent ?? '')) {
    log?.scrollTo(0, 0);
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
}

/** Several in a message, each on a line of its own. */
function chunks(texts: readonly string[]): string[] {
  const made: string[] = [];
  for (const text of texts) {
    const last = made.at(-1);
    if (last !== undefined && last.length + text.length < 3_500) made[made.length - 1] = `${last}\n${text}`;
    else made.push(text);
  }
  return made;
}

/** Without what marks code and stress, and without white space, which a page is free to lay out. */
function bare(text: string): string {
  return text.replace(/[`*_~\s\p{Cc}\p{Cf}]/gu, '');
}
