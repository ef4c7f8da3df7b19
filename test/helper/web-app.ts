/** People in front of the web app, each in a browser context of their own: what they see and what they do, by the names that are read aloud. */
import { type Browser, type BrowserContextOptions, devices, type Locator, type Page } from 'playwright-core';
import { freshName } from './account.ts';
import type { Endpoint } from './endpoint.ts';

export const PASSWORD = 'correct horse battery';

/** A phone of middling size, with a finger. */
export const PHONE: BrowserContextOptions = devices['Pixel 7'] ?? {};
export const DESKTOP: BrowserContextOptions = { viewport: { width: 1_280, height: 800 } };

/** How long anything may take to be seen, ms: much longer than it does, as test machines are busy. */
const PATIENCE_MS = 20_000;

/** A file that is sent before it was looked at: asked again a moment later, yet the browser says so. */
const NOT_YET = /status of 409/;

/** What a browser says of a server that can't be reached: no fault of the page. */
const UNREACHABLE =
  /net::ERR_(INTERNET_DISCONNECTED|CONNECTION_(REFUSED|RESET|CLOSED)|EMPTY_RESPONSE|ABORTED|SOCKET_NOT_CONNECTED)/;

export class Person {
  readonly name: string;
  readonly page: Page;
  /** Everything that the browser complained of: errors, refusals of the content security policy, foreign addresses. */
  readonly complaints: string[] = [];
  /** Whether the service may be out of reach. */
  mayFail = false;
  /** Whether calls may be refused that were under way when the session ended. */
  mayBeRefused = false;

  private constructor(name: string, page: Page) {
    this.name = name;
    this.page = page;
    page.setDefaultTimeout(PATIENCE_MS);
  }

  static async open(
    browser: Browser,
    { http }: Pick<Endpoint, 'http'>,
    name: string,
    options: BrowserContextOptions = DESKTOP,
  ): Promise<Person> {
    const context = await browser.newContext({ ...options, reducedMotion: 'reduce', locale: 'en-GB' });
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    return Person.in(await context.newPage(), http, name);
  }

  /** In a page that is open already, such as another tab. */
  static async in(page: Page, http: string, name: string): Promise<Person> {
    const person = new Person(name, page);
    page.on('console', (message) => {
      if (message.type() === 'error') person.#complain(message.text());
    });
    page.on('pageerror', (error) => person.#complain(String(error)));
    await page.goto(`${http}/`);
    return person;
  }

  /** Somebody new, with a name that nobody has. */
  static async register(
    browser: Browser,
    endpoint: Pick<Endpoint, 'http'>,
    name: string,
    options?: BrowserContextOptions,
  ): Promise<Person> {
    const person = await Person.open(browser, endpoint, freshName(name), options);
    await person.register();
    return person;
  }

  #complain(text: string): void {
    if (NOT_YET.test(text) || (this.mayFail && UNREACHABLE.test(text))) return;
    if (this.mayBeRefused && /status of 401/.test(text)) return;
    this.complaints.push(`${this.name}: ${text}`);
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole('button', { name, exact: typeof name === 'string' });
  }

  /** A button beside the list of rooms. */
  rooms(name: string | RegExp): Locator {
    const exact = typeof name === 'string';
    return this.page.getByRole('navigation').getByRole('button', { name, exact });
  }

  async register(): Promise<void> {
    await this.button('Create an account').click();
    await this.page.getByLabel('Username').fill(this.name);
    await this.page.getByLabel('Password').fill(PASSWORD);
    await this.button('Create account').click();
    await this.button(/^Your profile/).waitFor();
  }

  async logIn(): Promise<void> {
    await this.page.getByLabel('Username').fill(this.name);
    await this.page.getByLabel('Password').fill(PASSWORD);
    await this.button('Log in').click();
    await this.button(/^Your profile/).waitFor();
  }

  /** The link to a room; its name says what is unread there. */
  link(room: string): Locator {
    return this.page.getByRole('navigation').getByRole('link', { name: new RegExp(`^${room}`) });
  }

  async enter(room: string): Promise<void> {
    await this.link(room).click();
    await this.page.getByRole('heading', { level: 1, name: room }).waitFor();
  }

  async createRoom(name: string, kind: 'public' | 'private' = 'public'): Promise<void> {
    await this.rooms('Create a room').click();
    const dialog = this.page.getByRole('dialog');
    await dialog.getByLabel('Name').fill(name);
    if (kind === 'private') await dialog.getByLabel('Who can join').selectOption('private');
    await dialog.getByRole('button', { name: 'Create room' }).click();
    await this.page.getByRole('heading', { level: 1, name }).waitFor();
  }

  async join(room: string): Promise<void> {
    await this.rooms('Discover rooms').click();
    const dialog = this.page.getByRole('dialog');
    await dialog.getByLabel('Name begins with').fill(room.slice(0, -1));
    await dialog.getByRole('button', { name: `Join ${room}` }).click();
    await this.page.getByRole('heading', { level: 1, name: room }).waitFor();
  }

  get composer(): Locator {
    return this.page.getByRole('textbox', { name: /^(Message|Reply)/ }).last();
  }

  async say(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.button('Send message').last().click();
  }

  /** The message with this text, or part of it; not a reply, which names what it answers. */
  message(text: string | RegExp): Locator {
    const reference = this.page.getByRole('button', { name: /^Reply to / });
    return this.page.locator('article').filter({ hasText: text, hasNot: reference }).last();
  }

  /** A message of one's own that is not in the room yet. */
  waiting(text: string): Locator {
    return this.page.locator('article[data-status=pending]', { hasText: text });
  }

  /** Waits until the message is in the room: not on its way alone. */
  async sees(text: string | RegExp): Promise<void> {
    await this.message(text).and(this.page.locator('[data-message]')).waitFor();
  }

  /** Waits until a text is anywhere on the page. */
  async reads(text: string | RegExp): Promise<void> {
    await this.page.getByText(text).first().waitFor();
  }

  /** Chooses from a message's menu. */
  async choose(text: string, item: string): Promise<void> {
    await this.message(text).hover();
    await this.message(text).getByRole('button', { name: 'More actions' }).click();
    await this.page.getByRole('menuitem', { name: item, exact: true }).click();
  }

  get panel(): Locator {
    return this.page.getByRole('complementary');
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}
