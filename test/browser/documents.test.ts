/** The page of the documents in a real browser, under the content security policy that it is served with. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findChromium, openBrowser } from '../../scripts/browser.ts';
import { type Started, startService } from '../helper/start.ts';

const path = findChromium();
let service: Started;
let browser: Browser;
let page: Page;
/** What the browser complained of, and what it asked of others. */
let complaints: string[];

describe.skipIf(path === undefined)(
  'the page of the documents (needs Chromium on the PATH or in CHROMIUM)',
  () => {
    beforeAll(async () => {
      [service, browser] = await Promise.all([startService({}), openBrowser(path ?? '')]);
    });
    afterAll(async () => {
      await browser?.close();
      await service?.close();
    });
    beforeEach(async () => {
      page = await browser.newPage();
      complaints = [];
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('request', (request) => {
        const url = request.url();
        if (!url.startsWith(service.http) && !url.startsWith('data:')) complaints.push(`asked ${url}`);
      });
    });
    afterEach(async () => {
      expect(complaints).toEqual([]);
      await page.close();
    });

    async function logIn(user: string): Promise<void> {
      await page.fill('[name=username]', user);
      await page.fill('[name=password]', 'correct horse battery');
      await page.click('button[value=register]');
      await page.waitForSelector(`#who:text("Logged in as ${user}.")`);
    }

    it('shows every HTTP call, and makes one with the token of who logged in', async () => {
      await page.goto(`${service.http}/api/docs`);
      await page.waitForSelector('.opblock');
      const document = await (await fetch(`${service.http}/api/openapi.json`)).json();
      const count = Object.values<object>(document.paths).flatMap(Object.keys).length;
      expect(await page.locator('.opblock').count()).toBe(count);
      await logIn('reader');
      const me = page.locator('#operations-Accounts-readTheAccount');
      await me.locator('.opblock-summary').click();
      await me.locator('button.execute').click();
      const answer = me.locator('.live-responses-table .response');
      await answer.waitFor();
      expect(await answer.textContent()).toMatch(/^200.*"user": "reader"/s);
    });

    it('shows every message, and sends commands over a socket of its own', async () => {
      await page.goto(`${service.http}/api/docs#websocket`);
      await page.waitForSelector('#asyncapi :text("sendMessage")');
      await page.click('#connect');
      expect(await page.textContent('#state')).toBe('log in first');
      await logIn('writer');
      await page.click('#connect');
      await page.waitForSelector('#state:text("connected to ws://")');
      await page.selectOption('#command', 'sendMessage');
      expect(await page.inputValue('#frame')).toContain('"text": "hello"');
      await page.click('#send');
      await page.waitForSelector('#frames .received:text("there is no such room")');
      await page.fill('#frame', '{"action":');
      await page.click('#send');
      await page.waitForSelector('#frames .received:text("bad_request")');
      await page.click('#connect');
      await page.waitForSelector('#state:text("closed")');
    });

    it('goes from one document to the other', async () => {
      await page.goto(`${service.http}/api/docs`);
      await page.waitForSelector('.opblock');
      await page.click('nav a[href="#websocket"]');
      await page.waitForSelector('#console');
      expect(await page.isVisible('#http')).toBe(false);
      await page.click('nav a[href="#http"]');
      expect(await page.isVisible('.opblock >> nth=0')).toBe(true);
      expect(await page.isVisible('#console')).toBe(false);
    });
  },
);
