/** Nothing that was written is lost, and the page says how things are: offline, after a restart, in many tabs, when a token ends. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findChromium, openBrowser } from '../../scripts/browser.ts';
import { freshName } from '../helper/account.ts';
import { givePlatform } from '../helper/browser-platform.ts';
import { freePort } from '../helper/free-port.ts';
import { type Started, startService } from '../helper/start.ts';
import { Person } from '../helper/web-app.ts';

const path = findChromium();
/** The shortest that a token may be good for, seconds. */
const TOKEN_SECONDS = 60;
const CONTEXT = {
  commandsPerMinute: '6000',
  commandBurst: '1000',
  httpCallsPerMinute: '0',
  accessTokenSeconds: String(TOKEN_SECONDS),
};

const OFFLINE = /What you write is kept and sent later/;

let folder: string;
let port: number;
let service: Started;
let browser: Browser;
let alice: Person;
let bob: Person;
let loggedInAt: number;
/** What a tab does that has waited long enough for a lock. */
let wentOn: Promise<string> | undefined;

const start = () => startService(CONTEXT, ['--port', String(port), '--data', folder]);

describe.skipIf(path === undefined)('the web app (needs Chromium on the PATH or in CHROMIUM)', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parley-browser-'));
    port = await freePort();
    [service, browser] = await Promise.all([start(), openBrowser(path ?? '')]);
    alice = await Person.register(browser, service, 'alice');
    loggedInAt = Date.now();
    bob = await Person.register(browser, service, 'bob');
    await alice.createRoom('Lighthouse');
    await bob.join('Lighthouse');
  });
  afterAll(async () => {
    await browser?.close();
    await service?.close();
    await rm(folder, { recursive: true, force: true });
  });
  afterEach(() => {
    expect([...alice.complaints, ...bob.complaints]).toEqual([]);
  });

  /** How often a message is in the page. */
  const count = (person: Person, text: string) => person.page.locator('article', { hasText: text }).count();

  it('says that it is offline, keeps what is written, and sends it once when it is back', async () => {
    bob.mayFail = true;
    await bob.page.context().setOffline(true);
    // Or can't be reached: whichever it notices first.
    await bob.reads(OFFLINE);
    await bob.say('written in the dark');
    await bob.waiting('written in the dark').waitFor();
    await alice.say('said meanwhile');
    await bob.page.context().setOffline(false);
    await bob.sees('said meanwhile');
    await alice.sees('written in the dark');
    await bob.page.getByText(OFFLINE).waitFor({ state: 'detached' });
    await bob.waiting('written in the dark').waitFor({ state: 'detached' });
    for (const person of [alice, bob]) expect(await count(person, 'written in the dark')).toBe(1);
    bob.mayFail = false;
  });

  it('goes through a crash of the service and a reload with all that was written', async () => {
    for (const person of [alice, bob]) person.mayFail = true;
    await service.crash();
    await alice.reads(OFFLINE);
    await alice.say('through the storm');
    await alice.waiting('through the storm').waitFor();
    await alice.composer.fill('half a sent');
    service = await start();
    await alice.page.reload();
    await alice.button(/^Your profile/).waitFor();
    // By itself it tries again later and later: bob presses the button where it is there.
    await expect
      .poll(
        async () => {
          if (await bob.button('Try now').isVisible()) await bob.button('Try now').click({ timeout: 1_000 });
          return count(bob, 'through the storm');
        },
        { timeout: 60_000 },
      )
      .toBe(1);
    await expect.poll(() => alice.composer.inputValue()).toBe('half a sent');
    await alice.waiting('through the storm').waitFor({ state: 'detached' });
    await alice.say('half a sentence');
    await bob.sees('half a sentence');
    for (const person of [alice, bob]) expect(await count(person, 'through the storm')).toBe(1);
    for (const person of [alice, bob]) person.mayFail = false;
  }, 120_000);

  it('works in five tabs at once', async () => {
    const tabs = await Promise.all(
      [1, 2, 3, 4].map(async (tab) =>
        Person.in(await alice.page.context().newPage(), service.http, `tab ${tab}`),
      ),
    );
    for (const tab of tabs) await tab.enter('Lighthouse');
    await bob.say('to every tab');
    for (const tab of [alice, ...tabs]) await tab.sees('to every tab');
    await tabs[3]?.say('from the fifth');
    for (const tab of [alice, bob, ...tabs]) await tab.sees('from the fifth');
    for (const tab of [alice, bob, ...tabs]) expect(await count(tab, 'from the fifth')).toBe(1);
    expect(tabs.flatMap(({ complaints }) => complaints)).toEqual([]);
    for (const tab of tabs) await tab.page.close();
  });

  it('keeps values in IndexedDB: other tabs see them, and a reload leaves them', async () => {
    const [page, tab] = await bareTabs(2);
    if (!page || !tab) throw new Error('no tab was opened');
    await page.evaluate(async () => {
      const storage = await window.platform.openStorage('a store');
      for (const key of ['outbox/al/2', 'outbox/al/1', 'outbox/alice/1', 'session'])
        await storage.set(key, { key });
      await storage.set('session', { key: 'again' });
      await storage.delete('outbox/al/2');
    });
    await page.reload();
    await givePlatform(page);
    for (const each of [page, tab]) {
      const read = await each.evaluate(async () => {
        const storage = await window.platform.openStorage('a store');
        return [await storage.list('outbox/al/'), await storage.get('session'), await storage.get('none')];
      });
      expect(read).toEqual([[['outbox/al/1', { key: 'outbox/al/1' }]], { key: 'again' }, undefined]);
    }
    // Who wants to delete it is not held up by a tab that has it open; that one is refused from then on.
    const deleted = await page.evaluate(async () => {
      const storage = await window.platform.openStorage('a store');
      const deleting = indexedDB.deleteDatabase('a store');
      const how = await new Promise((resolve) => {
        deleting.onsuccess = () => resolve('deleted');
        deleting.onblocked = () => resolve('blocked');
      });
      return [how, await storage.get('session').catch((error: DOMException) => error.name)];
    });
    expect(deleted).toEqual(['deleted', 'InvalidStateError']);
    await page.context().close();
  });

  it('does one thing in one tab at a time', async () => {
    const tabs = await bareTabs(3);
    const times = await Promise.all(
      tabs.map((tab) =>
        tab.evaluate(() =>
          window.platform.exclusively('a lock', async () => {
            const from = Date.now();
            await new Promise((resolve) => setTimeout(resolve, 50));
            return { from, to: Date.now() };
          }),
        ),
      ),
    );
    times.sort((a, b) => a.from - b.from);
    for (const [index, { from }] of times.slice(1).entries())
      expect(from).toBeGreaterThanOrEqual(times[index]?.to ?? 0);
    // A tab that sleeps with the lock: the others do without it after ten seconds, while other tests go on.
    const [asleep, awake] = tabs;
    await asleep?.evaluate(() => void window.platform.exclusively('a lock', () => new Promise(() => {})));
    wentOn = awake?.evaluate(() => window.platform.exclusively('a lock', async () => 'went on'));
  });

  it('renews its token in one tab for all', async () => {
    const context = alice.page.context();
    const tabs = await Promise.all(
      ['one', 'another'].map(async (name) => {
        const page = await context.newPage();
        await page.addInitScript(keepRenewals, TOKEN_SECONDS);
        return Person.in(page, service.http, name);
      }),
    );
    for (const tab of tabs) await tab.enter('Lighthouse');
    const [one, another] = tabs;
    if (!one || !another) throw new Error('no tab was opened');
    let refreshes = 0;
    context.on('request', (request) => {
      if (request.url().endsWith('/api/auth/refresh')) refreshes++;
    });
    const armed = await another.page.evaluate(() => window.renewals.length);
    await one.page.evaluate(() => window.renewals.at(-1)?.());
    // The other has heard of it, and waits for the end of the fresh one.
    await expect
      .poll(() => another.page.evaluate(() => window.renewals.length), { timeout: 10_000 })
      .toBe(armed + 1);
    await another.say('with the token of one');
    await bob.sees('with the token of one');
    expect(refreshes).toBe(1);
    expect(tabs.flatMap(({ complaints }) => complaints)).toEqual([]);
    for (const tab of tabs) await tab.page.close();
  });

  it('keeps what was there where the disk is full', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await limitDisk(page, 100_000);
    await page.goto(`${service.http}/config.json`);
    await givePlatform(page);
    const kept = await page.evaluate(async () => {
      const storage = await window.platform.openStorage('a store');
      await storage.set('session', 'small');
      const failure = storage
        .set('session', 'x'.repeat(1_000_000))
        .catch((error: DOMException) => error.name);
      return [await failure, await storage.get('session')];
    });
    expect(kept).toEqual(['QuotaExceededError', 'small']);
    await context.close();
  });

  it('goes on where the disk is full, and says so', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await limitDisk(page, 1);
    const fay = await Person.in(page, service.http, freshName('fay'));
    await fay.register();
    await fay.reads('Nothing can be kept in this browser');
    await fay.join('Lighthouse');
    await fay.say('no room, yet here');
    await alice.sees('no room, yet here');
    expect(fay.complaints).toEqual([]);
    await fay.close();
  });

  it('lists the rooms where no socket opens, and says that it is cut off', async () => {
    const again = await Person.open(browser, service, alice.name);
    await again.page.routeWebSocket(/.*/, (socket) => socket.close());
    await again.logIn();
    await again.link('Lighthouse').waitFor();
    await again.reads(OFFLINE);
    expect(again.complaints).toEqual([]);
    await again.close();
  });

  it('goes on where storage is denied, and says so', async () => {
    const carol = await Person.open(browser, service, 'carol');
    await carol.page.addInitScript(() => {
      const denied = () => {
        throw new DOMException('denied', 'SecurityError');
      };
      for (const name of ['indexedDB', 'localStorage', 'sessionStorage'])
        Object.defineProperty(window, name, { get: denied });
    });
    await carol.page.reload();
    await carol.page.getByLabel('Username').waitFor();
    const who = await Person.register(browser, service, 'dora');
    await who.close();
    await carol.page.getByLabel('Username').fill(who.name);
    await carol.page.getByLabel('Password').fill('correct horse battery');
    await carol.button('Log in').click();
    await carol.reads('Nothing can be kept in this browser');
    await carol.join('Lighthouse');
    await carol.say('no memory, yet here');
    await alice.sees('no memory, yet here');
    expect(carol.complaints).toEqual([]);
    await carol.close();
  });

  it('skips what it does not understand, and knows that its clock is wrong', async () => {
    const newer = await Person.open(browser, service, 'newer');
    await newer.page.routeWebSocket(/.*/, (socket) => {
      const server = socket.connectToServer();
      server.onMessage((message) => {
        socket.send(message);
        // A newer service, and one that is not itself.
        socket.send('{"type":"sparkle","how":"brightly"}');
        socket.send('{"type":"events","room":7}');
        socket.send('not JSON');
      });
    });
    await newer.page.addInitScript(() => {
      const now = Date.now;
      Date.now = () => now() + 86_400_000;
    });
    await newer.page.reload();
    const who = await Person.register(browser, service, 'eve');
    await who.close();
    await newer.page.getByLabel('Username').fill(who.name);
    await newer.page.getByLabel('Password').fill('correct horse battery');
    await newer.button('Log in').click();
    await newer.reads(/this version doesn’t understand/);
    await newer.reads(/clock is about 24 hours fast/);
    await newer.join('Lighthouse');
    await newer.say('bright all the same');
    await alice.sees('bright all the same');
    expect(newer.complaints).toEqual([]);
    await newer.close();
  });

  it('shows what is written before anything of the room could be read', async () => {
    await alice.say('said before you came');
    const early = await Person.open(browser, service, freshName('frank'));
    let held: (() => void)[] | undefined = [];
    await early.page.routeWebSocket(/.*/, (socket) => {
      const server = socket.connectToServer();
      socket.onMessage((message) => {
        const isLate = /"action":"(history|sendMessage)"/.test(String(message));
        if (held && isLate) held.push(() => server.send(message));
        else server.send(message);
      });
    });
    await early.page.reload();
    await early.register();
    await early.join('Lighthouse');
    await early.say('written too early');
    await early.waiting('written too early').waitFor();
    for (const send of held) send();
    held = undefined;
    await early.sees('written too early');
    await early.waiting('written too early').waitFor({ state: 'detached' });
    await early.sees('said before you came');
    expect(await count(early, 'written too early')).toBe(1);
    expect(early.complaints).toEqual([]);
    await early.close();
  });

  it('writes on while its token ends', async () => {
    await alice.composer.fill('the first half, ');
    await pause(Math.max(0, loggedInAt + (TOKEN_SECONDS + 3) * 1_000 - Date.now()));
    await alice.composer.press('End');
    await alice.composer.pressSequentially('and the second');
    await alice.composer.press('Enter');
    await bob.sees('the first half, and the second');
    expect(await alice.page.getByLabel('Username').count()).toBe(0);
  });

  it('does not wait for ever for a tab that sleeps with the lock', async () => {
    expect(await wentOn).toBe('went on');
  });
});

declare global {
  interface Window {
    /** What the page does when it is time to renew its token, the latest last. */
    renewals: (() => void)[];
  }
}

/** Lets the test say when it is time: a token is renewed in the last third of its life. Runs in the page. */
function keepRenewals(seconds: number): void {
  window.renewals = [];
  const wait = window.setTimeout;
  window.setTimeout = ((task: () => void, ms = 0) => {
    if (ms > seconds * 667 && ms < seconds * 1_000) window.renewals.push(task);
    return wait(task, ms);
  }) as typeof setTimeout;
}

/** Tabs of one browser with what the client takes of it, and no app. */
async function bareTabs(count: number): Promise<readonly Page[]> {
  const context = await browser.newContext();
  const tabs: Page[] = [];
  for (let tab = 0; tab < count; tab++) {
    const page = await context.newPage();
    await page.goto(`${service.http}/config.json`);
    tabs.push(page);
  }
  await givePlatform(...tabs);
  return tabs;
}

/** The service's pages may store so many bytes. To be said before they store any: the browser asks how much is left now and then only. */
async function limitDisk(page: Page, quotaSize: number): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('Storage.overrideQuotaForOrigin', { origin: service.http, quotaSize });
}
