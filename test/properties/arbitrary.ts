import fc from 'fast-check';

/** The actions of protocol.md and their fields. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  sendMessage: ['room', 'text', 'thread', 'attachments'],
  editMessage: ['room', 'target', 'text'],
  deleteMessage: ['room', 'target'],
  addReaction: ['room', 'target', 'emoji'],
  removeReaction: ['room', 'target', 'emoji'],
  pinMessage: ['room', 'target'],
  unpinMessage: ['room', 'target'],
  joinRoom: ['room'],
  leaveRoom: ['room'],
  typing: ['room', 'on'],
  markRead: ['room', 'seq', 'thread'],
  sync: ['rooms'],
  history: ['room', 'before', 'limit', 'thread'],
  presence: ['room'],
  authenticate: ['token'],
  ping: [],
};

export const ACTIONS = Object.keys(FIELDS);

/** Any text at all: letters, control characters, emoji, and halves of surrogate pairs. */
export const anyText = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({
    unit: fc.integer({ min: 0xd7f0, max: 0xe00f }).map((code) => String.fromCharCode(code)),
    maxLength: 8,
  }),
  fc.constantFrom(
    '__proto__',
    'constructor',
    'toString',
    '',
    ' ',
    '\u0000',
    'null',
    '$default',
    '#',
    'HEAD',
    '-0',
    '1e3',
  ),
);

/** Any JSON value at all. */
export const anyValue = fc.oneof(
  anyText,
  fc.jsonValue({ maxDepth: 3, stringUnit: 'binary' }),
  fc.constantFrom(0, -0, -1, 1.5, 2 ** 53, -(2 ** 53), 1e308, 5e-324, 999_999_999_999, 1_000_000_000_000),
  fc.array(anyText, { maxLength: 12 }),
  fc.dictionary(anyText, fc.oneof(fc.integer(), anyText), { maxKeys: 8 }),
);

/** A value that may well be right for a field of that name. */
function plausible(field: string, rooms: readonly string[]): fc.Arbitrary<unknown> {
  const room = fc.constantFrom(...rooms);
  switch (field) {
    case 'room':
      return fc.oneof(room, fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,70}$/), anyText);
    case 'rooms':
      return fc.dictionary(fc.oneof(room, anyText), fc.integer({ min: -2, max: 5_000 }), { maxKeys: 6 });
    case 'text':
    case 'token':
    case 'emoji':
      return fc.oneof(anyText, fc.constantFrom('x'.repeat(4_000), 'x'.repeat(4_001), '👍', ':ok:'));
    case 'on':
      return fc.boolean();
    case 'attachments':
      return fc.array(fc.stringMatching(/^[a-z0-9]{26}$/), { maxLength: 11 });
    case 'id':
      return fc.oneof(fc.stringMatching(/^[\x21-\x7e]{1,70}$/), anyText);
    default:
      return fc.integer({ min: -3, max: 120 });
  }
}

/** A command of an action: each field right, wrong, or missing; sometimes one too many. */
export function anyCommand(action: string, rooms: readonly string[]): fc.Arbitrary<Record<string, unknown>> {
  const names = [...(FIELDS[action] ?? []), 'id'];
  const model = Object.fromEntries(
    names.map((name) => [
      name,
      fc.oneof(
        { weight: 5, arbitrary: plausible(name, rooms) },
        { weight: 1, arbitrary: anyValue },
        { weight: 1, arbitrary: fc.constant(undefined) },
      ),
    ]),
  );
  const extra = fc.oneof(
    { weight: 6, arbitrary: fc.constant({}) },
    { weight: 1, arbitrary: fc.dictionary(anyText, anyValue, { minKeys: 1, maxKeys: 2 }) },
    { weight: 1, arbitrary: fc.constantFrom({ user: 'bob' }, { seq: 1 }, { role: 'owner' }, { at: 'now' }) },
  );
  return fc.tuple(fc.record(model), extra).map(([fields, more]) => ({ ...more, ...fields, action }));
}

/** Any frame at all that is not too large: text of any kind, broken JSON, JSON of any shape. */
export const anyFrame = fc
  .oneof(
    anyText,
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.json({ stringUnit: 'binary' }),
    anyValue.map((action) => JSON.stringify({ action })),
    fc.tuple(anyValue, anyValue).map(([action, id]) => JSON.stringify({ action, id })),
    fc.json().map((text) => text.slice(0, -1)),
    fc.json().map((text) => `${text}${text}`),
  )
  .filter((frame) => Buffer.byteLength(frame) <= 32 * 1024);
