/** What a careless or hostile client may send. Each is refused with `bad_request`, and changes nothing. */

/** A frame's text, given the room that it aims at. */
type Bad = readonly [what: string, frame: (room: string) => string];

const command = (fields: (room: string) => Record<string, unknown>) => (room: string) =>
  JSON.stringify(fields(room));
const text = (frame: string) => () => frame;

/** Not a command at all. */
export const NO_COMMANDS: readonly Bad[] = [
  ['text that is not JSON', text('hello')],
  ['an empty object', text('{}')],
  ['a list', text('[]')],
  ['a list with a command in it', text('[{"action":"ping"}]')],
  ['null', text('null')],
  ['a number', text('17')],
  ['a quoted text', text('"sendMessage"')],
  ['cut JSON', text('{"action":"ping"')],
  ['two commands in one frame', text('{"action":"ping"}{"action":"ping"}')],
  ['a comment in JSON', text('{"action":"ping"/* now */}')],
  ['a control character as it is', text('{"action":"ping","id":"a\u0001b"}')],
  ['a hundred nested lists', text('['.repeat(100) + ']'.repeat(100))],
  ['a number that is too large for any type', text('{"action":1e999}')],
  ['blanks', text('   ')],
];

/** Not a command either, and too deep for a careless parser. */
export const DEEP_JSON: Bad = ['ten thousand nested lists', text('['.repeat(10_000) + ']'.repeat(10_000))];

/** Actions that do not exist, among them names that mean something to JavaScript and to API Gateway. */
export const NO_ACTIONS: readonly string[] = [
  'nonsense',
  'SendMessage',
  'sendmessage',
  '',
  ' ping',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '$default',
  '$connect',
  '$disconnect',
  '../ping',
  'ping\u0000',
];

/** Values of the wrong type, where a text belongs. */
const NOT_A_TEXT: readonly unknown[] = [null, 0, 17, true, false, [], ['x'], {}, { $gt: '' }];
/** Values that are no room id. */
const NO_ROOM: readonly unknown[] = [
  ...NOT_A_TEXT,
  '',
  'General',
  'a room',
  'room#1',
  '-x',
  'r'.repeat(65),
  '🦊',
  'x\n',
];
/** Values that are no sequence number. */
const NO_SEQ: readonly unknown[] = [-1, 1.5, '1', null, 1e21, [], {}, true];

const each = (
  name: string,
  values: readonly unknown[],
  fields: (room: string, value: unknown) => Record<string, unknown>,
): Bad[] =>
  values.map((value) => [
    `${name} ${JSON.stringify(value).slice(0, 20)}`,
    command((room) => fields(room, value)),
  ]);

/** Commands whose fields are wrong. */
export const BAD_FIELDS: Readonly<Record<string, readonly Bad[]>> = {
  sendMessage: [
    ['no room', command(() => ({ action: 'sendMessage', text: 'x' }))],
    ['no text', command((room) => ({ action: 'sendMessage', room }))],
    ['an unknown field', command((room) => ({ action: 'sendMessage', room, text: 'x', colour: 'red' }))],
    [
      'a text of 4,001 characters',
      command((room) => ({ action: 'sendMessage', room, text: 'x'.repeat(4_001) })),
    ],
    ['a text of 4,001 emoji', command((room) => ({ action: 'sendMessage', room, text: '🦊'.repeat(4_001) }))],
    ['an empty text', command((room) => ({ action: 'sendMessage', room, text: '' }))],
    ['a lone high surrogate', (room) => `{"action":"sendMessage","room":"${room}","text":"a \\ud800 b"}`],
    ['a lone low surrogate', (room) => `{"action":"sendMessage","room":"${room}","text":"\\udc00"}`],
    [
      '__proto__ as a field',
      (room) => `{"action":"sendMessage","room":"${room}","text":"x","__proto__":{"role":"owner"}}`,
    ],
    [
      'constructor as a field',
      (room) => `{"action":"sendMessage","room":"${room}","text":"x","constructor":{"prototype":{}}}`,
    ],
    ...each('a text that is', NOT_A_TEXT, (room, value) => ({ action: 'sendMessage', room, text: value })),
    ...each('a room that is', NO_ROOM, (_, value) => ({ action: 'sendMessage', room: value, text: 'x' })),
    ...each('an id that is', [...NOT_A_TEXT, '', 'a b', 'ü', 'i'.repeat(65), '\u0000'], (room, value) => ({
      action: 'sendMessage',
      id: value,
      room,
      text: 'x',
    })),
    ...each('a thread that is', [...NO_SEQ, 0], (room, value) => ({
      action: 'sendMessage',
      room,
      text: 'x',
      thread: value,
    })),
    ...each(
      'attachments that are',
      ['file', {}, [1], ['../x'], Array(11).fill('a'.repeat(26))],
      (room, value) => ({
        action: 'sendMessage',
        room,
        text: 'x',
        attachments: value,
      }),
    ),
  ],
  joinRoom: [
    ['no room', command(() => ({ action: 'joinRoom' }))],
    ['an unknown field', command((room) => ({ action: 'joinRoom', room, password: 'x' }))],
    ...each('a room that is', NO_ROOM, (_, value) => ({ action: 'joinRoom', room: value })),
  ],
  leaveRoom: [
    ['no room', command(() => ({ action: 'leaveRoom' }))],
    ['an unknown field', command((room) => ({ action: 'leaveRoom', room, reason: 'x' }))],
    ...each('a room that is', NO_ROOM, (_, value) => ({ action: 'leaveRoom', room: value })),
  ],
  history: [
    ['no room', command(() => ({ action: 'history' }))],
    ['an unknown field', command((room) => ({ action: 'history', room, after: 1 }))],
    ...each('a room that is', NO_ROOM, (_, value) => ({ action: 'history', room: value })),
    ...each('before that is', [...NO_SEQ, 0], (room, value) => ({ action: 'history', room, before: value })),
    ...each('a limit that is', [...NO_SEQ, 0, 101], (room, value) => ({
      action: 'history',
      room,
      limit: value,
    })),
  ],
  sync: [
    ['an unknown field', command(() => ({ action: 'sync', since: 1 }))],
    ['an id that is no room', command(() => ({ action: 'sync', rooms: { 'No Room': 1 } }))],
    ['__proto__ for a room', (room) => `{"action":"sync","rooms":{"__proto__":1,"${room}":0}}`],
    [
      '3,000 rooms',
      command(() => ({
        action: 'sync',
        rooms: Object.fromEntries(Array.from({ length: 3_000 }, (_, index) => [index.toString(36), 0])),
      })),
    ],
    ...each('rooms that are', [null, 1, 'general', true, [], ['general']], (_, value) => ({
      action: 'sync',
      rooms: value,
    })),
    ...each('a number that is', NO_SEQ, (room, value) => ({ action: 'sync', rooms: { [room]: value } })),
  ],
  authenticate: [
    ['no token', command(() => ({ action: 'authenticate' }))],
    ...each('a token that is', [...NOT_A_TEXT, '', 't'.repeat(10_000)], (_, value) => ({
      action: 'authenticate',
      token: value,
    })),
  ],
  typing: [
    ['no room', command(() => ({ action: 'typing', on: true }))],
    ['an unknown field', command((room) => ({ action: 'typing', room, on: true, user: 'bob' }))],
    ...each('a room that is', NO_ROOM, (_, value) => ({ action: 'typing', room: value, on: true })),
    ...each('on that is', [null, 0, 1, 'true', [], {}], (room, value) => ({
      action: 'typing',
      room,
      on: value,
    })),
  ],
  markRead: [
    ['no number', command((room) => ({ action: 'markRead', room }))],
    ['an unknown field', command((room) => ({ action: 'markRead', room, seq: 1, user: 'bob' }))],
    ...each('a room that is', NO_ROOM, (_, value) => ({ action: 'markRead', room: value, seq: 1 })),
    ...each('a number that is', NO_SEQ, (room, value) => ({ action: 'markRead', room, seq: value })),
  ],
  presence: [
    ['no room', command(() => ({ action: 'presence' }))],
    ['an unknown field', command((room) => ({ action: 'presence', room, user: 'bob' }))],
    ...each('a room that is', NO_ROOM, (_, value) => ({ action: 'presence', room: value })),
  ],
  ping: [['an unknown field', command(() => ({ action: 'ping', at: 'now' }))]],
};
