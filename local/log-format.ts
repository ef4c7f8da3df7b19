/** The two forms of a log line. */
import type { EngineLogEntry } from './log-entry.ts';

/** SGR codes: https://www.ecma-international.org/publications-and-standards/standards/ecma-48/ */
const COLOURS = { debug: 90, info: 36, warn: 33, error: 31 } as const;
const DIM = 2;
const BOLD = 1;

/** Fields that every line of a run has in common, or that stand elsewhere in it. */
const NOT_SHOWN = new Set(['stage', 'version', 'requestId', 'stack']);
/** Of an id, so much is shown that lines can be matched by eye. */
const SHOWN_ID_CHARACTERS = 16;

/** One JSON object. */
export function jsonLine({ at, level, source, text, requestId, fields }: EngineLogEntry): string {
  return JSON.stringify({
    ...fields,
    time: new Date(at).toISOString(),
    level,
    source,
    ...(requestId !== undefined && { requestId }),
    message: text,
  });
}

/** `12:34:56.789 WARN  SendMessage L0SM9cOFvHcCIhw= table call repeated operation=UpdateItem`; a stack follows on lines of its own. */
export function terminalLine(entry: EngineLogEntry, coloured: boolean): string {
  const { at, level, source, text, requestId = '', fields = {} } = entry;
  const paint = (code: number, painted: string) =>
    coloured && painted !== '' ? `\x1b[${code}m${painted}\x1b[0m` : painted;
  const details = Object.entries(fields)
    .filter(([name, value]) => !NOT_SHOWN.has(name) && value !== undefined && value !== requestId)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? plain(value) : JSON.stringify(value)}`);
  const parts = [
    paint(DIM, localTime(at)),
    paint(COLOURS[level], level.toUpperCase().padEnd(5)),
    paint(BOLD, shortName(source)),
    paint(DIM, plain(requestId).slice(0, SHOWN_ID_CHARACTERS)),
    plain(text.trimEnd()),
    paint(DIM, details.join(' ')),
  ];
  const stack = typeof fields.stack === 'string' ? `\n${paint(DIM, plain(fields.stack))}` : '';
  return parts.filter((part) => part !== '').join(' ') + stack;
}

/** `Parley-dev-WebSocketSendMessageHandler15C5CF85` → `WebSocketSendMessage`: without the stack's name and the CDK's hash. */
function shortName(source: string): string {
  return /^(?:.*-)?(\w+?)(?:Handler)?[0-9A-F]{8}$/.exec(source)?.[1] ?? source;
}

function localTime(at: number): string {
  const time = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':');
  return `${clock}.${String(time.getMilliseconds()).padStart(3, '0')}`;
}

/** What a client made up must not move the cursor or recolour the terminal: control characters but line feeds and tabs go. */
function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, '�');
}
