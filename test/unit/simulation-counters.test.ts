import { describe, expect, it } from 'vitest';
import type { RoomEvent } from '../helper/wire.ts';
import { checkCounters } from '../simulation/check-counters.ts';
import { checkMarks } from '../simulation/check-marks.ts';
import { checkMentions } from '../simulation/check-mentions.ts';
import { factsOf } from '../simulation/facts.ts';
import type { Counted, History, Occurrence } from '../simulation/history.ts';

const ROOM = 'den';
const message = (seq: number, n: number, user: string, text: string, more: object = {}): RoomEvent => ({
  ...{ seq, type: 'message.created', user, at: `2026-11-20T10:00:00.00${seq}Z`, id: `m${seq}`, n, text },
  ...more,
});

/** Alice makes a room, bob joins; she mentions him, he replies twice, she calls the room, and mentions him again. */
const LOG: readonly RoomEvent[] = [
  { seq: 1, type: 'room.created', user: 'alice', at: '2026-11-20T10:00:00.001Z', kind: 'public' },
  {
    ...{ seq: 2, type: 'member.joined', user: 'bob', at: '2026-11-20T10:00:00.002Z' },
    ...{ id: 'm2', member: 'bob' },
  },
  message(3, 1, 'alice', 'look @bob', { mentions: ['bob'] }),
  message(4, 2, 'bob', 'what', { thread: 3 }),
  message(5, 3, 'bob', 'where @room', { thread: 3 }),
  message(6, 4, 'alice', 'dinner @room', { everyone: true }),
  message(7, 5, 'alice', 'now @bob @carol', { mentions: ['bob'] }),
];

const dialled = (connection: number, user: string): Occurrence => ({
  ...{ kind: 'dialled', connection, user },
  device: `${user}'s`,
});
const heard = (event: RoomEvent): Occurrence => ({ kind: 'heard', connection: 1, room: ROOM, event });
/** Each event is asked for and heard, one after the other. */
const said = (log: readonly RoomEvent[]): Occurrence[] =>
  log.flatMap((event): Occurrence[] => {
    const { seq, user, id = '', text } = event;
    const action = text === undefined ? 'joinRoom' : 'sendMessage';
    const command = { action, room: ROOM, id, ...(text === undefined ? {} : { text }) } as const;
    return [{ kind: 'asked', ask: seq, user, command }, heard(event)];
  });
const marks = (mark: number, seq: number, answer?: Partial<Record<'seq' | 'unread' | 'thread', number>>) => {
  const { thread, ...rest } = answer ?? {};
  const what = { user: 'bob', room: ROOM, seq, ...(thread === undefined ? {} : { thread }) };
  const asked: Occurrence = { kind: 'mark asked', mark, what };
  const marked: Occurrence = { kind: 'marked', mark, seq, unread: 0, ...rest };
  return answer ? [asked, marked] : [asked];
};

const GOOD: readonly Occurrence[] = [
  ...[dialled(1, 'alice'), dialled(2, 'bob'), dialled(3, 'carol')],
  ...said(LOG),
  ...marks(1, 4, { unread: 3 }),
];
const facts = (occurrences: readonly Occurrence[], counted?: Counted, log: readonly RoomEvent[] = LOG) => {
  const history: History = {
    ...{ occurrences, logs: new Map([[ROOM, log]]), calm: true },
    ...(counted ? { counted } : {}),
  };
  return factsOf(history);
};

const ALICE = { user: 'alice', room: ROOM, read: 1, unread: 5, mentions: 0 };
const BOB = { user: 'bob', room: ROOM, read: 4, unread: 3, mentions: 2 };
const counters = (bob: Partial<typeof BOB>, occurrences = GOOD, log = LOG): string[] =>
  checkCounters(facts(occurrences, { rooms: [ALICE, { ...BOB, ...bob }], threads: [] }, log)).map(
    ({ what }) => what,
  );

describe('what is counted in the end', () => {
  it('P5 resume: is found right where it is', () => {
    expect(counters({})).toEqual([]);
  });

  it('P5 resume: finds a mark that was lost, and one that nobody made', () => {
    expect(counters({ read: 2, unread: 5, mentions: 3 })).toEqual([
      'bob in den has read up to 2, by its marks 4 to 4',
    ]);
    expect(counters({ read: 6, unread: 1, mentions: 1 })).toHaveLength(1);
    const unanswered = [...GOOD, ...marks(2, 6)];
    expect(counters({ read: 6, unread: 1, mentions: 1 }, unanswered)).toEqual([]);
    expect(counters({}, unanswered)).toEqual([]);
  });

  it('P5 resume: finds a message too many or too few among the unread and the mentions', () => {
    for (const unread of [2, 4]) expect(counters({ unread })).toHaveLength(1);
    for (const mentions of [1, 3]) {
      expect(counters({ mentions })).toEqual([
        `bob in den is mentioned ${mentions} times after 4, by the log 2 to 2`,
      ]);
    }
  });

  it('P5 resume: takes a deleted message for what was told of it, or leaves it open', () => {
    const log = LOG.map((one) => (one.seq === 7 ? { ...message(7, 5, 'alice', ''), deleted: true } : one));
    expect(counters({}, GOOD, log)).toEqual([]);
    expect(counters({ mentions: 1 }, GOOD, log)).toHaveLength(1);
    const untold = GOOD.filter((one) => !(one.kind === 'heard' && one.event.seq === 7));
    for (const mentions of [1, 2]) expect(counters({ mentions }, untold, log)).toEqual([]);
    expect(counters({ mentions: 0 }, untold, log)).toHaveLength(1);
  });

  it('P5 resume: finds a room that is missing, and one that is not theirs', () => {
    const carol = { ...ALICE, user: 'carol' };
    const found = checkCounters(facts(GOOD, { rooms: [ALICE, carol], threads: [] }));
    expect(found.map(({ what }) => what)).toEqual([
      'bob, a member of den, has not a count of it',
      'carol, no member of den, has a count of it',
    ]);
  });

  it('P5 resume: finds replies too many or too few', () => {
    const threads = (unread: number, occurrences = GOOD) =>
      checkCounters(
        facts(occurrences, {
          rooms: [ALICE, BOB],
          threads: [{ user: 'alice', room: ROOM, root: 3, unread }],
        }),
      );
    expect(threads(2)).toEqual([]);
    for (const unread of [1, 3]) expect(threads(unread)).toHaveLength(1);
  });
});

describe('marks', () => {
  const judge = (occurrences: readonly Occurrence[]): string[] =>
    checkMarks(facts(occurrences)).map(({ promise, what }) => `${promise} ${what}`);

  it('P5 resume: are found right where they are', () => {
    expect(judge(GOOD)).toEqual([]);
    expect(judge([...GOOD, ...marks(2, 1_000_000, { seq: 7 }), ...marks(3, 3, { seq: 7 })])).toEqual([]);
  });

  it('P5 resume: that move back are found, or that stop short', () => {
    expect(judge([...GOOD, ...marks(2, 3, { seq: 3, unread: 4 })])).toEqual([
      'P5 the mark of bob at 3 of den is 3 after 4',
    ]);
    expect(judge([...GOOD, ...marks(2, 6, { seq: 5, unread: 2 })])).toHaveLength(1);
  });

  it('P5 resume: with a wrong number of unread messages or replies are found', () => {
    for (const unread of [2, 4]) expect(judge([...GOOD, ...marks(2, 4, { seq: 4, unread })])).toHaveLength(1);
    expect(judge([...GOOD, ...marks(2, 3, { thread: 3, seq: 3, unread: 0 })])).toEqual([]);
    expect(judge([...GOOD, ...marks(2, 3, { thread: 3, seq: 3, unread: 1 })])).toHaveLength(1);
  });

  it('P5 resume: are told by a later sync', () => {
    const sync = (read: number, unread: number, mentions = 0): Occurrence[] => [
      { kind: 'sync asked', sync: 1, user: 'bob', device: "bob's", rooms: {} },
      {
        ...{ kind: 'synced', sync: 1 },
        rooms: [{ room: ROOM, seq: 7, read, unread, mentions, events: [], more: false }],
      },
    ];
    expect(judge([...GOOD, ...sync(4, 3)])).toEqual([]);
    expect(judge([...GOOD, ...sync(3, 4)])).toEqual(['P5 a sync of bob in den tells 3 read, after 4']);
    expect(judge([...GOOD, ...sync(4, 2)])).toHaveLength(1);
    expect(judge([...GOOD, ...sync(4, 3, 2)])).toEqual([]);
    expect(judge([...GOOD, ...sync(4, 3, 3)])).toEqual([
      'P5 a sync of bob in den tells 3 mentions after 4, the log 2',
    ]);
  });

  it('P6 members only: are found where a stranger made one, or a member may not', () => {
    const refused = (user: string, code: 'forbidden' | 'not_found'): Occurrence[] => [
      { kind: 'mark asked', mark: 9, what: { user, room: ROOM, seq: 3 } },
      { kind: 'mark refused', mark: 9, code },
    ];
    expect(judge([...GOOD, ...refused('carol', 'forbidden')])).toEqual([]);
    expect(judge([...GOOD, ...refused('alice', 'forbidden')])).toHaveLength(1);
    expect(judge([...GOOD, ...refused('alice', 'not_found')])).toEqual([
      'P8 the mark of alice at 3 of den was refused with not_found',
    ]);
    const [asked, marked] = marks(9, 3, { unread: 4 });
    if (asked?.kind !== 'mark asked' || !marked) throw new Error('a mark has two halves');
    const strange = [...GOOD, { ...asked, what: { ...asked.what, user: 'carol' } }, marked];
    expect(judge(strange)).toEqual(['P6 the mark of carol at 3 of den was made for no member']);
  });
});

describe('mentions', () => {
  const judge = (log: readonly RoomEvent[], occurrences: readonly Occurrence[] = GOOD): string[] =>
    checkMentions(facts(occurrences, undefined, log)).map(({ what }) => what);
  const other = (seq: number, more: object) => {
    const log = LOG.map((one) => (one.seq === seq ? { ...one, ...more } : one));
    return judge(log, [...GOOD.slice(0, 3), ...said(log)]);
  };

  it('P7 no forgery: are found right where they are: of members, and of the room by its owner', () => {
    expect(judge(LOG)).toEqual([]);
  });

  it('P7 no forgery: are found where somebody is missing, or no member, or was not named', () => {
    expect(other(3, { mentions: [] })).toEqual(['den/3, "look @bob", mentions bob: false']);
    expect(other(7, { mentions: ['bob', 'carol'] })).toEqual([
      'den/7, "now @bob @carol", mentions carol: true',
    ]);
    expect(other(4, { mentions: ['alice'] })).toEqual(['den/4, "what", mentions alice: true']);
  });

  it('P7 no forgery: are found where a member calls the room, or its owner in vain', () => {
    expect(other(5, { everyone: true })).toEqual(['den/5, "where @room", mentions the room: true']);
    expect(other(6, { everyone: undefined })).toHaveLength(1);
  });
});
