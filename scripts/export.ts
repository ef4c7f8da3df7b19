/** `npm run export -- --room R`: writes a room's whole log as JSON Lines, an event a line. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { CommandError, printFailure } from './command-error.ts';
import { Progress } from './replay/progress.ts';

const USAGE = `Usage: npm run export -- --room R [options]

Writes all events of a room as JSON Lines, an event a line, ascending: to FILE, or to standard output, with progress on standard
error. It is for the room's admins (and both people of a direct room): as a user with a password in PARLEY_PASSWORD, or with an access
token in PARLEY_TOKEN, which lives for a quarter of an hour.

  --room R         id of the room
  --user NAME      who exports
  --url URL        where the service is (http://localhost:3000)
  --out FILE       where to write; standard output without it
  --help           this text
`;

/** Tries of a call that may succeed when it is made again: what is not there within a minute is down. */
const TRIES = 8;
const FIRST_PAUSE_MS = 500;

interface Page {
  readonly items: readonly { readonly seq: number }[];
  readonly seq: number;
  readonly cursor?: string;
}

interface Refusal {
  readonly error?: { readonly code?: string; readonly message?: string; readonly retryAfterMs?: number };
}

function misuse(reason: string): CommandError {
  return new CommandError('export', reason, 'npm run export -- --help lists the options.');
}

function parseOptions(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        room: { type: 'string' },
        user: { type: 'string' },
        url: { type: 'string', default: 'http://localhost:3000' },
        out: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    throw misuse(error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error));
  }
}

/** The service as one user, who logs in again when the token has ended. */
class Reader {
  readonly #url: string;
  readonly #user: string | undefined;
  #token = process.env.PARLEY_TOKEN;

  constructor(url: string, user: string | undefined) {
    this.#url = url.replace(/\/+$/, '');
    this.#user = user;
  }

  async page(room: string, cursor: string | undefined): Promise<Page> {
    const query = cursor === undefined ? '' : `?cursor=${encodeURIComponent(cursor)}`;
    const path = `/api/rooms/${encodeURIComponent(room)}/export${query}`;
    this.#token ??= await this.#logIn();
    const read = () => this.#call('GET', path, { authorization: `Bearer ${this.#token}` });
    let answer = await read();
    if (answer.status === 401 && this.#user !== undefined) {
      this.#token = await this.#logIn();
      answer = await read();
    }
    return answerOf<Page>(answer);
  }

  async #logIn(): Promise<string> {
    const password = process.env.PARLEY_PASSWORD;
    if (this.#user === undefined || password === undefined) {
      throw misuse('it takes --user with PARLEY_PASSWORD, or PARLEY_TOKEN');
    }
    const body = JSON.stringify({ username: this.#user, password });
    const headers = { 'content-type': 'application/json' };
    const answer = await this.#call('POST', '/api/auth/login', headers, body);
    return answerOf<{ accessToken: string }>(answer).accessToken;
  }

  /** Calls until there is an answer that will stay: `rate_limited` and `unavailable` ask to come again. */
  async #call(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body?: string,
  ): Promise<{ readonly status: number; readonly body: unknown }> {
    for (let tries = 1; ; tries++) {
      const pause = FIRST_PAUSE_MS * 2 ** (tries - 1);
      try {
        const response = await fetch(`${this.#url}${path}`, { method, headers, ...(body && { body }) });
        const answer = { status: response.status, body: await response.json() };
        if (tries === TRIES || ![429, 502, 503, 504].includes(answer.status)) return answer;
        await sleep((answer.body as Refusal).error?.retryAfterMs ?? pause);
      } catch (error) {
        if (tries < TRIES) await sleep(pause);
        else
          throw new CommandError('export', `${this.#url} does not answer`, 'Does it run?', { cause: error });
      }
    }
  }
}

function answerOf<T>({ status, body }: { readonly status: number; readonly body: unknown }): T {
  if (status === 200) return body as T;
  const { code = status, message = 'no reason' } = (body as Refusal | null)?.error ?? {};
  throw new CommandError('export', `${message} (${code})`, 'An export is for the admins of a room.');
}

async function main(): Promise<void> {
  const { room, user, url, out, help } = parseOptions(process.argv.slice(2));
  if (help) {
    console.log(USAGE);
    return;
  }
  if (room === undefined) throw misuse('it takes --room');
  const reader = new Reader(url, user);
  const progress = new Progress();
  let page = await reader.page(room, undefined);
  const target = out === undefined ? process.stdout : createWriteStream(out);
  let events = 0;
  for (;;) {
    const lines = page.items.map((event) => `${JSON.stringify(event)}\n`).join('');
    // A page at a time, however slow who reads them is.
    if (!target.write(lines)) await once(target, 'drain');
    events += page.items.length;
    if (page.cursor === undefined) break;
    progress.show(`${room}: ${events} events, at number ${page.items.at(-1)?.seq ?? 0} of ${page.seq}`);
    page = await reader.page(room, page.cursor);
  }
  if (out !== undefined) await new Promise<void>((resolve) => target.end(resolve));
  progress.done(`${room}: ${events} events up to number ${page.seq}`);
}

main().catch((error: unknown) => {
  printFailure(error);
  process.exitCode = 1;
});
