/** `npm run screenshots`: pictures of the web app's main views for the README, made in a real browser against a service of its own. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, devices, type Page } from 'playwright-core';
import { findChromium, openBrowser } from './browser.ts';
import { CommandError, printFailure } from './command-error.ts';
import { playScene, type Scene } from './screenshots/scene.ts';
import { smallPng } from './screenshots/small-png.ts';
import { startParley } from './start.ts';

const FOLDER = join(import.meta.dirname, '../docs/screenshots');
const DESKTOP = { viewport: { width: 1_280, height: 800 } };

interface View {
  readonly name: string;
  readonly theme: 'light' | 'dark';
  readonly isPhone?: boolean;
  /** Whether somebody is logged in. */
  readonly isIn: boolean;
  /** Goes to what is shown. */
  show(page: Page, scene: Scene): Promise<void>;
}

const VIEWS: readonly View[] = [
  { name: 'room-light', theme: 'light', isIn: true, show: openRoom },
  {
    name: 'thread-dark',
    theme: 'dark',
    isIn: true,
    async show(page, scene) {
      await openRoom(page, scene);
      await page
        .getByRole('button', { name: /^\d+ repl/ })
        .first()
        .click();
      await page.getByRole('complementary').locator('article').nth(1).waitFor();
    },
  },
  {
    name: 'search-light',
    theme: 'light',
    isIn: true,
    async show(page, scene) {
      await openRoom(page, scene);
      await page.getByRole('button', { name: 'Search', exact: true }).first().click();
      await page.getByLabel('Words to look for').fill('tide');
      await page.getByRole('complementary').locator('mark').first().waitFor();
    },
  },
  { name: 'room-phone', theme: 'light', isPhone: true, isIn: true, show: openRoom },
  {
    name: 'rooms-phone-dark',
    theme: 'dark',
    isPhone: true,
    isIn: true,
    show: async (page) => page.getByRole('navigation').getByRole('link').first().waitFor(),
  },
  {
    name: 'log-in',
    theme: 'light',
    isIn: false,
    show: async (page) => page.getByRole('button', { name: 'Log in', exact: true }).waitFor(),
  },
];

async function openRoom(page: Page, { room }: Scene): Promise<void> {
  await page.getByRole('link', { name: new RegExp(`^${room}`) }).click();
  await page.locator('article img').first().waitFor();
  await page.locator('article').last().waitFor();
  const latest = page.getByRole('button', { name: /latest messages/i });
  if (await latest.isVisible()) await latest.click();
}

async function take(browser: Browser, http: string, scene: Scene, view: View): Promise<void> {
  const device = view.isPhone ? { ...devices['Pixel 7'], deviceScaleFactor: 2 } : DESKTOP;
  const context = await browser.newContext({
    ...device,
    colorScheme: view.theme,
    reducedMotion: 'reduce',
    locale: 'en-GB',
  });
  try {
    const page = await context.newPage();
    await page.goto(`${http}/`);
    if (view.isIn) {
      await page.getByLabel('Username').fill(scene.user);
      await page.getByLabel('Password').fill(scene.password);
      await page.getByRole('button', { name: 'Log in', exact: true }).click();
      await page.getByText('Online', { exact: true }).first().waitFor({ state: 'attached' });
    }
    await view.show(page, scene);
    // Nothing is pointed at.
    await page.mouse.move(0, 0);
    // Letters are there when their fonts are.
    await page.evaluate(() => document.fonts.ready.then(() => undefined));
    await page.waitForTimeout(500);
    await writeFile(join(FOLDER, `${view.name}.png`), smallPng(await page.screenshot()));
  } finally {
    await context.close();
  }
}

async function main(): Promise<void> {
  const chromium = findChromium();
  if (chromium === undefined) {
    throw new CommandError(
      'take pictures',
      'there is no Chromium',
      'Install it (apt install chromium), or name it in CHROMIUM.',
    );
  }
  const context = { commandsPerMinute: '6000', commandBurst: '1000', httpCallsPerMinute: '0' };
  const options = {
    port: 0,
    gateways: 1,
    context,
    demo: false,
    json: true,
    watch: false,
    limits: false,
  } as const;
  const parley = await startParley({ ...options, log: 'warn' });
  const browser = await openBrowser(chromium);
  try {
    await mkdir(FOLDER, { recursive: true });
    const scene = await playScene(parley.http);
    for (const view of VIEWS) {
      await take(browser, parley.http, scene, view);
      console.log(`docs/screenshots/${view.name}.png`);
    }
    scene.end();
  } finally {
    await browser.close();
    await parley.close();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  main().catch((error: unknown) => {
    printFailure(error);
    process.exitCode = 1;
  });
}
