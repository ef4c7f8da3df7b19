import { describe, expect, it } from 'vitest';
import type { OutgoingMessage, SentMessage } from '../../client/index.ts';
import { RoomId, UserId } from '../../shared/protocol/ids.ts';
import { readersOf } from '../../web/room/readers.ts';
import { dayOf, isWithin } from '../../web/time/day.ts';
import { dayLabel, shortTime } from '../../web/time/format.ts';
import { type RowOptions, rowsOf } from '../../web/timeline/rows.ts';

const noon = new Date(2026, 10, 20, 12, 0, 0);

function at(minutes: number): string {
  return new Date(noon.getTime() + minutes * 60_000).toISOString();
}

function sent(seq: number, user: string, minutes: number, more: Partial<SentMessage> = {}): SentMessage {
  return {
    seq,
    type: 'message.created',
    user: UserId.parse(user),
    at: at(minutes),
    n: seq,
    text: `message ${seq}`,
    reactions: {},
    status: 'sent',
    key: `k${seq}`,
    ...more,
  };
}

function pending(user: string, minutes: number): OutgoingMessage {
  const room = RoomId.parse('general');
  return {
    status: 'pending',
    key: 'p',
    id: 'p',
    room,
    user: UserId.parse(user),
    text: 'soon',
    at: at(minutes),
  };
}

/** What the rows show, in a word each. */
function shown(items: Parameters<typeof rowsOf>[0], options: Partial<RowOptions> = {}): string[] {
  return rowsOf(items, { atStart: true, me: 'alice', ...options }).map((row) => {
    if (row.kind !== 'message') return row.kind;
    return `${row.isReply ? 'reply ' : ''}${row.isFirst ? 'first' : 'next'} ${row.key}`;
  });
}

describe('rows of messages', () => {
  it('group what one person says within five minutes', () => {
    const items = [
      sent(1, 'bob', 0),
      sent(2, 'bob', 4),
      sent(3, 'bob', 10),
      sent(4, 'alice', 11),
      pending('alice', 12),
    ];
    expect(shown(items)).toEqual(['start', 'day', 'first k1', 'next k2', 'first k3', 'first k4', 'next p']);
  });

  it('part days where the reader is', () => {
    expect(shown([sent(1, 'bob', 0), sent(2, 'bob', 24 * 60)])).toEqual([
      'start',
      'day',
      'first k1',
      'day',
      'first k2',
    ]);
  });

  it('mark what is new once, and never one’s own', () => {
    const items = [sent(1, 'bob', 0), sent(2, 'alice', 1), sent(3, 'bob', 2), sent(4, 'bob', 3)];
    expect(shown(items, { readUpTo: 1 })).toEqual([
      'start',
      'day',
      'first k1',
      'first k2',
      'new',
      'first k3',
      'next k4',
    ]);
    expect(shown(items, { readUpTo: 4 })).not.toContain('new');
    expect(shown(items)).not.toContain('new');
  });

  it('say what a reply answers, once for replies that follow each other, and not in the thread itself', () => {
    const items = [sent(1, 'bob', 0), sent(2, 'bob', 1, { thread: 1 }), sent(3, 'bob', 2, { thread: 1 })];
    expect(shown(items)).toEqual(['start', 'day', 'first k1', 'reply first k2', 'next k3']);
    expect(shown(items, { isThread: true })).toEqual(['start', 'day', 'first k1', 'next k2', 'next k3']);
  });

  it('begin with what is being loaded until the first message is here', () => {
    expect(shown([sent(1, 'bob', 0)], { atStart: false })[0]).toBe('loading');
  });

  it('have keys that are all different', () => {
    const items = Array.from({ length: 50 }, (_, index) => sent(index + 1, 'bob', index * 600));
    const keys = rowsOf(items, { atStart: true, me: 'alice', readUpTo: 7 }).map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe('days', () => {
  it('are called as people call them', () => {
    const label = (days: number) => dayLabel(at(-days * 24 * 60), noon);
    expect([label(0), label(1)]).toEqual(['Today', 'Yesterday']);
    expect(label(3)).toBe(
      new Intl.DateTimeFormat(undefined, { weekday: 'long' }).format(new Date(at(-3 * 24 * 60))),
    );
    expect(label(30)).not.toContain('2026');
    expect(label(400)).toContain('2025');
    expect(label(-1)).toContain('21');
  });

  it('begin at midnight', () => {
    expect(isWithin(dayOf(at(11 * 60 + 59)), at(12 * 60))).toBe(false);
    expect(isWithin(dayOf(at(-11 * 60)), at(11 * 60))).toBe(true);
    expect(isWithin(dayOf('soon'), at(0))).toBe(false);
    expect(shortTime(at(0), new Date(at(11 * 60)))).toMatch(/12/);
    expect(shortTime(at(0), new Date(at(13 * 60)))).toBe('Yesterday');
  });

  it('are said to be unknown where a time is none', () => {
    expect(dayLabel('soon', noon)).toBe('at some time');
  });
});

describe('readers', () => {
  it('are those who have read the newest message, but for its author and oneself', () => {
    const items = [sent(4, 'bob', 0), sent(9, 'bob', 1), pending('alice', 2)];
    expect(readersOf(items, { alice: 9, bob: 9, carol: 9, dave: 8, erin: 12 }, 'alice')).toEqual([
      'carol',
      'erin',
    ]);
    expect(readersOf([], { carol: 9 }, 'alice')).toEqual([]);
  });
});
