/** `npm run chat`: a terminal to talk in, and an example of the client. */
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import {
  connect,
  type Parley,
  ParleyError,
  type Room,
  type Socket,
  type TimelineItem,
  until,
} from '../client/index.ts';
import { fileStorage } from '../client/node/file-storage.ts';
import { CommandError, printFailure } from './command-error.ts';
import { DEMO_PASSWORD, DEMO_ROOM } from './start/demo.ts';

const USAGE = `Usage: npm run chat -- --user NAME [options]

Talks in a room of a running service. What is written is sent when there is a connection.

  --user NAME      who you are
  --password TEXT  ${DEMO_PASSWORD} by default, which is the password of the demo users
  --room ID        ${DEMO_ROOM} by default
  --url ADDRESS    http://localhost:3000 by default
  --register       make the account first
  --keep DIR       keep the session and what is not sent yet in DIR; in memory without it
  --help           this text

While you talk: /older, /who, /edit N TEXT, /delete N, /react N EMOJI, /reply N TEXT, /quit
`;

const { values } = readOptions();

function readOptions() {
  try {
    return parseArgs({
      options: {
        user: { type: 'string' },
        password: { type: 'string', default: DEMO_PASSWORD },
        room: { type: 'string', default: DEMO_ROOM },
        url: { type: 'string', default: 'http://localhost:3000' },
        register: { type: 'boolean', default: false },
        keep: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    printFailure(
      new CommandError('chat', String((error as Error).message), 'npm run chat -- --help lists the options.'),
    );
    process.exit(1);
  }
}

/** Node.js 20 has no WebSocket of its own; with this one the token is sent in a header, and no ticket is needed. */
function openSocket(url: string, headers: Readonly<Record<string, string>>): Socket {
  return new WebSocket(url, { headers }) as unknown as Socket;
}

const terminal = createInterface({ input: process.stdin, output: process.stdout, prompt: '> ' });

/** Prints above the line that is being written. */
function print(text: string): void {
  process.stdout.write(`\r\u001b[K${text}\n`);
  terminal.prompt(true);
}

/** One message as a line. What others write is theirs: a terminal must not obey it. */
function lineOf(item: TimelineItem): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is they who are taken out
  const text = (item.text ?? '').replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\ufffd');
  if (item.status !== 'sent')
    return item.error ? `  ! not sent: ${text} (${item.error.message})` : `  … ${item.user}: ${text}`;
  const more = [
    item.deleted ? '(deleted)' : text,
    item.editedAt ? '(edited)' : '',
    item.replyCount ? `[${item.replyCount} replies]` : '',
    ...Object.entries(item.reactions).map(([emoji, { count }]) => `${emoji} ${count}`),
  ];
  const place = item.thread === undefined ? '' : ` to ${item.thread}`;
  return `${String(item.seq).padStart(4)}${place} ${item.user}: ${more.filter(Boolean).join(' ')}`;
}

/** Prints each message when it comes and when it changes; what is pending only while there is no connection to send it. */
function show(parley: Parley, room: Room): () => void {
  let seen = new Map<string, TimelineItem>();
  return () => {
    const { items } = room.messages.getSnapshot();
    const isOnline = parley.state.getSnapshot().status === 'online';
    for (const item of items) {
      if (seen.get(item.key) === item || (item.status === 'pending' && isOnline)) continue;
      print(lineOf(item));
    }
    seen = new Map(items.map((item) => [item.key, item]));
  };
}

async function obey(line: string, room: Room): Promise<void> {
  const [, command, number, rest = ''] = /^\/(\w+)(?: +(\d+))?(?: +(.*))?$/.exec(line) ?? [];
  const seq = Number(number);
  if (command === 'quit') terminal.close();
  else if (command === 'older') await room.loadOlder();
  else if (command === 'who') print(`online: ${room.presence.getSnapshot().online.join(', ')}`);
  else if (command === 'edit' && seq) await room.edit(seq, rest);
  else if (command === 'delete' && seq) await room.delete(seq);
  else if (command === 'react' && seq) await room.react(seq, rest);
  else if (command === 'reply' && seq) room.thread(seq).send(rest);
  else if (line.startsWith('/'))
    print('/older, /who, /edit N TEXT, /delete N, /react N EMOJI, /reply N TEXT, /quit');
  else if (line.trim() !== '') room.send(line);
}

async function main(): Promise<void> {
  const { user, password, url, keep } = values;
  if (values.help) return console.log(USAGE);
  if (user === undefined)
    throw new CommandError('chat', '--user is missing', 'npm run chat -- --help lists the options.');
  const parley = connect({
    url,
    platform: {
      openSocket,
      sendsHeaders: true,
      ...(keep === undefined ? {} : { openStorage: () => fileStorage(keep) }),
    },
  });
  const leave = async (): Promise<void> => {
    await parley.close();
    process.exit(0);
  };
  await parley.ready;
  const known = parley.session.getSnapshot()?.user.user;
  if (values.register) await parley.register({ username: user, password });
  else if (known !== user) await parley.login({ username: user, password });
  const room = parley.room(values.room);
  parley.state.subscribe(() => {
    const state = parley.state.getSnapshot();
    const more =
      state.status === 'offline' ? `, trying again in ${(state.retryInMs / 1_000).toFixed(1)} s` : '';
    print(`— ${state.status}${more}`);
    if (state.status === 'closed') void leave();
  });
  parley.storage.subscribe(() =>
    print(`— what is not sent yet is kept in memory only: ${JSON.stringify(parley.storage.getSnapshot())}`),
  );
  until(parley.state, ({ status }) => status === 'online')
    .then(() => (room.summary.getSnapshot() ? undefined : room.join()))
    .catch((error: unknown) => print(`  ! ${String(error)}`));
  room.presence.subscribe(() => {});
  room.messages.subscribe(show(parley, room));
  terminal.on('line', (line) => {
    terminal.prompt();
    obey(line, room).catch((error: unknown) =>
      print(`  ! ${error instanceof ParleyError ? error.message : String(error)}`),
    );
  });
  terminal.on('close', () => void leave());
  terminal.prompt();
}

main().catch((error: unknown) => {
  printFailure(error);
  process.exit(1);
});
