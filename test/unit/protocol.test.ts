import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { ACTIONS, COMMANDS, isAction } from '../../shared/protocol/commands.ts';
import { ErrorCode, HTTP_STATUS, isRetryable, ParleyError, parse } from '../../shared/protocol/errors.ts';
import { Frame, REPLIES } from '../../shared/protocol/frames.ts';
import { ClientId, Emoji, RoomId, Text, UserId } from '../../shared/protocol/ids.ts';

const PROTOCOL = readFileSync(join(import.meta.dirname, '../../docs/protocol.md'), 'utf8');

function accepts(schema: z.core.$ZodType, value: unknown): boolean {
  return z.core.safeParse(schema, value).success;
}

function refusal(value: unknown, action: keyof typeof COMMANDS = 'sendMessage'): ParleyError {
  try {
    parse(COMMANDS[action], value, 'send');
  } catch (error) {
    if (error instanceof ParleyError) return error;
  }
  throw new Error('the command was accepted');
}

describe('the schemas and the document say the same', () => {
  it('has a command for each action of the table, and no other', () => {
    const rows = PROTOCOL.split('\n').filter((line) => /^\| `\w+`(, `\w+`)* \| /.test(line));
    const documented = rows.flatMap((row) =>
      [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map((m) => m[1]),
    );
    expect(documented.toSorted()).toEqual([...ACTIONS].toSorted());
    expect(Object.keys(REPLIES).toSorted()).toEqual([...ACTIONS].toSorted());
  });

  it('parses every frame that the document shows', () => {
    const block = /```jsonc\n([\s\S]*?)```/.exec(PROTOCOL)?.[1] ?? '';
    const frames = block
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line.replaceAll('…', '2026-11-20T10:00:00.000Z')));
    expect(frames).toHaveLength(12);
    for (const frame of frames) expect(z.core.safeParse(Frame, frame)).toMatchObject({ success: true });
  });

  it('has each documented code, with a status of its own', () => {
    for (const code of ErrorCode.options) expect(PROTOCOL).toContain(`\`${code}\``);
    expect(new Set(Object.values(HTTP_STATUS)).size).toBe(ErrorCode.options.length);
    expect(ErrorCode.options.filter(isRetryable)).toEqual(['rate_limited', 'unavailable']);
  });
});

describe('ids', () => {
  it.each(['general', 'a', '0', 'a-b-c', 'x'.repeat(64)])('takes the room id %s', (id) => {
    expect(accepts(RoomId, id)).toBe(true);
  });

  it.each(['', '-a', 'A', 'ä', 'a b', 'a_b', 'x'.repeat(65), 'a\n', '__proto__'])(
    'refuses the room id %j',
    (id) => {
      expect(accepts(RoomId, id)).toBe(false);
    },
  );

  it.each(['bob', 'a.b', 'a_-', '007', 'x'.repeat(32)])('takes the user id %s', (id) => {
    expect(accepts(UserId, id)).toBe(true);
  });

  it.each(['ab', '.ab', 'Bob', 'bob ', 'x'.repeat(33), 'a#b'])('refuses the user id %j', (id) => {
    expect(accepts(UserId, id)).toBe(false);
  });

  it('takes visible ASCII as a client’s id, 64 characters of it', () => {
    expect(accepts(ClientId, '!~#"\\')).toBe(true);
    expect(accepts(ClientId, 'x'.repeat(64))).toBe(true);
    for (const id of ['', ' ', 'a b', 'é', 'x'.repeat(65), 'a\u0000'])
      expect(accepts(ClientId, id)).toBe(false);
  });
});

describe('text', () => {
  it('counts characters, not the units that they are stored in', () => {
    expect(accepts(Text, 'a'.repeat(4_000))).toBe(true);
    expect(accepts(Text, '😀'.repeat(4_000))).toBe(true);
    expect(accepts(Text, 'a'.repeat(4_001))).toBe(false);
    expect(accepts(Text, '😀'.repeat(4_001))).toBe(false);
    expect(accepts(Text, '')).toBe(false);
  });

  it('takes any well-formed text as it is, and refuses half a character', () => {
    for (const text of [' ', '\u0000', '\u202e', '<script>', '\ud83d\ude00'])
      expect(parse(Text, text, 'x')).toBe(text);
    for (const text of ['\ud800', 'a\udc00b']) expect(accepts(Text, text)).toBe(false);
  });
});

describe('emoji', () => {
  it.each(['👍', '❤️', '❤', '🇩🇪', '👩‍👩‍👧‍👦', '👍🏽', '1️⃣', ':party_parrot:', ':+1:'])('takes %s', (emoji) => {
    expect(accepts(Emoji, emoji)).toBe(true);
  });

  it.each(['', 'a', '1', '👍👍', '👍 ', ':Bad:', '::', 'x👍', '\u200d', `:${'a'.repeat(33)}:`])(
    'refuses %j',
    (emoji) => {
      expect(accepts(Emoji, emoji)).toBe(false);
    },
  );
});

describe('commands', () => {
  const send = { action: 'sendMessage', room: 'general', text: 'hello' };

  it('P7 no forgery: refuses fields that are the service’s', () => {
    for (const field of ['user', 'seq', 'at', 'role']) {
      expect(refusal({ ...send, [field]: 'x' })).toMatchObject({ code: 'bad_request' });
    }
  });

  it('names the path and the rule, never the value', () => {
    const error = refusal({ ...send, text: 'secret'.repeat(1_000) });
    expect(error.issues).toEqual([{ path: 'text', reason: 'must hold 1 to 4,000 characters' }]);
    expect(JSON.stringify(error.toWire())).not.toContain('secret');
  });

  it('refuses a sync that names more rooms than it may, and names that are none', () => {
    const many = Object.fromEntries(Array.from({ length: 1_001 }, (_, i) => [`room-${i}`, 0]));
    expect(refusal({ action: 'sync', rooms: many }, 'sync').issues?.[0]?.reason).toContain(
      'at most 1,000 rooms',
    );
    const hostile = JSON.parse('{"action":"sync","rooms":{"__proto__":1}}');
    expect(refusal(hostile, 'sync').code).toBe('bad_request');
  });

  it('knows an action by its own name only', () => {
    for (const name of ['constructor', '__proto__', 'toString', '', 7, null])
      expect(isAction(name)).toBe(false);
  });

  it('tells at most ten issues', () => {
    const error = refusal({
      ...send,
      attachments: Array.from({ length: 10 }, () => 5),
      room: 1,
      text: 1,
      thread: 'x',
    });
    expect(error.issues?.length).toBe(10);
  });
});
