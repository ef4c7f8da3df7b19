/** The command line of `npm run replay`. */
import { parseArgs } from 'node:util';
import { CommandError } from '../command-error.ts';

export interface ReplayOptions {
  readonly file: string;
  readonly room: string;
  /** How many times faster than it was said; undefined: as fast as the service acknowledges. */
  readonly speed: number | undefined;
  readonly http: string;
  readonly websocket: string;
  /** Only this day of the record. */
  readonly day: string | undefined;
  readonly seed: string;
  readonly prefix: string;
  /** People with a message under way at once. */
  readonly concurrency: number;
  readonly report: string | undefined;
}

export const USAGE = `Usage: npm run replay -- FILE [options]

Plays a recorded conversation (JSON lines) through a running service, each person as a user of its own over its own
WebSocket, and checks at the end that what was said is what everyone saw.

  --room R           id of the room to make (a fresh one)
  --speed X          play the clock X times faster than it was; without it: as fast as the service acknowledges
  --url URL          where the service is (http://localhost:3000)
  --websocket URL    its WebSocket address, where that is not /ws of the same host
  --day D            only this day of the record, such as 2004-12-25
  --seed S           what the people's passwords are made from (parley); the same for a second run
  --prefix P         what their user ids begin with (irc-)
  --concurrency N    people with a message under way at once (32)
  --report FILE      write the figures and who is who as JSON
  --help             this text
`;

/** @throws {CommandError} naming the word that makes no sense. */
export function parseOptions(args: readonly string[], now: number): ReplayOptions | 'help' {
  const { values, positionals } = parse(args);
  if (values.help) return 'help';
  const [file, ...others] = positionals;
  if (file === undefined || others.length > 0) throw misuse('it takes one file');
  const http = address(values.url, /^https?:$/);
  return {
    file,
    room: room(values.room ?? `replay-${now.toString(36)}`),
    speed: values.speed === undefined ? undefined : positive('--speed', values.speed),
    http,
    websocket: values.websocket === undefined ? beside(http) : address(values.websocket, /^wss?:$/),
    day: values.day,
    seed: values.seed,
    prefix: prefix(values.prefix),
    concurrency: Math.ceil(positive('--concurrency', values.concurrency)),
    report: values.report,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        room: { type: 'string' },
        speed: { type: 'string' },
        url: { type: 'string', default: 'http://localhost:3000' },
        websocket: { type: 'string' },
        day: { type: 'string' },
        seed: { type: 'string', default: 'parley' },
        prefix: { type: 'string', default: 'irc-' },
        concurrency: { type: 'string', default: '32' },
        report: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw misuse(error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error));
  }
}

function misuse(reason: string): CommandError {
  return new CommandError('replay', reason, 'npm run replay -- --help lists the options.');
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw misuse(`${option} ${text} is not a number above 0`);
}

function room(text: string): string {
  if (/^[a-z0-9][a-z0-9-]{0,63}$/.test(text)) return text;
  throw misuse(`--room ${text} is not a room id`);
}

/** Three to ten characters: a user id has at least three, and a nick should stay recognisable in its 32. */
function prefix(text: string): string {
  if (/^[a-z0-9][a-z0-9-]{2,9}$/.test(text)) return text;
  throw misuse(`--prefix ${text} is not the beginning of a user id`);
}

function address(text: string, protocol: RegExp): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && protocol.test(url.protocol)) return text;
  throw misuse(`${text} is not an address`);
}

function beside(http: string): string {
  const url = new URL('/ws', http);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}
