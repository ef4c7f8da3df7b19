import { describe, expect, it } from 'vitest';
import type { RoomEvent, SyncedRoom } from '../helper/wire.ts';
import { check } from '../simulation/checker.ts';
import { factsOf } from '../simulation/facts.ts';
import type { Command, History, Occurrence } from '../simulation/history.ts';

const ROOM = 'den';
const at = (seq: number): string => `2026-11-20T10:00:00.${String(seq).padStart(3, '0')}Z`;

/** The log of a small run: alice makes the room, bob joins, both talk, bob leaves, alice says a last word. */
const LOG: readonly RoomEvent[] = [
  { seq: 1, type: 'room.created', user: 'alice', at: at(1), name: 'Den', kind: 'public' },
  { seq: 2, type: 'member.joined', user: 'bob', at: at(2), id: 'b1', member: 'bob' },
  { seq: 3, type: 'message.created', user: 'alice', at: at(3), id: 'a1', n: 1, text: 'one' },
  { seq: 4, type: 'message.created', user: 'bob', at: at(4), id: 'b2', n: 2, text: 'two' },
  { seq: 5, type: 'message.created', user: 'alice', at: at(5), id: 'a2', n: 3, text: 'three' },
  { seq: 6, type: 'member.left', user: 'bob', at: at(6), id: 'b3', member: 'bob' },
  { seq: 7, type: 'message.created', user: 'alice', at: at(7), id: 'a3', n: 4, text: 'four' },
];

const event = (seq: number): RoomEvent => {
  const found = LOG[seq - 1];
  if (!found) throw new Error(`there is no event ${seq}`);
  return found;
};

const ACTIONS = { 'member.joined': 'joinRoom', 'member.left': 'leaveRoom' } as const;
const commandOf = ({ type, id = '', text }: RoomEvent): Command => ({
  action: type === 'member.joined' || type === 'member.left' ? ACTIONS[type] : 'sendMessage',
  room: ROOM,
  id,
  ...(text === undefined ? {} : { text }),
});

const heard = (connection: number, seq: number): Occurrence => ({
  kind: 'heard',
  connection,
  room: ROOM,
  event: event(seq),
});
const asked = (seq: number): Occurrence => ({
  kind: 'asked',
  ask: seq,
  user: event(seq).user,
  command: commandOf(event(seq)),
});
const answered = (seq: number): Occurrence => ({ kind: 'answered', ask: seq, seq, at: at(seq) });
const opens = (connection: number, user: string): Occurrence[] => [
  { kind: 'dialled', connection, user, device: `${user}'s` },
  { kind: 'opened', connection },
];
const syncs = (sync: number, user: string, from: number, answer: Partial<SyncedRoom>): Occurrence[] => [
  { kind: 'sync asked', sync, user, device: `${user}'s`, rooms: { [ROOM]: from } },
  {
    kind: 'synced',
    sync,
    rooms: [{ room: ROOM, seq: 7, read: 7, unread: 0, mentions: 0, events: [], more: false, ...answer }],
  },
];

/** Alice on connection 1, bob on 2; everything is asked, heard by whom it concerns, and answered. */
const GOOD: readonly Occurrence[] = [
  ...opens(1, 'alice'),
  ...syncs(1, 'alice', 0, { seq: 1, events: [event(1)] }),
  ...opens(2, 'bob'),
  ...[2, 3, 4, 5].flatMap((seq) => [asked(seq), heard(1, seq), heard(2, seq), answered(seq)]),
  ...[6, 7].flatMap((seq) => [asked(seq), heard(1, seq), answered(seq)]),
];

const history = (occurrences: readonly Occurrence[], log: readonly RoomEvent[] = LOG): History => ({
  occurrences,
  logs: new Map([[ROOM, log]]),
  calm: true,
});
const judge = (occurrences: readonly Occurrence[], log?: readonly RoomEvent[]): string[] =>
  check(history(occurrences, log)).map(({ promise, what }) => `${promise} ${what}`);

const isHeard = (connection: number, seq: number) => (one: Occurrence) =>
  one.kind === 'heard' && one.connection === connection && one.event.seq === seq;
/** The good run with the occurrence that `which` finds replaced. */
const doctored = (which: (one: Occurrence) => boolean, by: readonly Occurrence[]): Occurrence[] => {
  expect(GOOD.filter(which)).toHaveLength(1);
  return GOOD.flatMap((one) => (which(one) ? by : [one]));
};

describe('the checker of the simulation', () => {
  it('finds nothing in a good run', () => {
    expect(judge(GOOD)).toEqual([]);
  });

  it('finds nothing in a repeat of what was delivered', () => {
    expect(judge(doctored(isHeard(1, 5), [heard(1, 5), heard(1, 4), heard(1, 5)]))).toEqual([]);
  });

  it('finds nothing in a delivery that a leaving cut off', () => {
    expect(judge(doctored(isHeard(2, 5), []))).toEqual([]);
  });

  it('P1 one order: finds a gap in the log', () => {
    const log = LOG.filter(({ seq }) => seq !== 5);
    expect(judge(GOOD, log)).toContainEqual(expect.stringMatching(/^P1 den has 6 in the place of 5/));
  });

  it('P1 one order: finds a message that is counted twice', () => {
    const log = LOG.map((one) => (one.seq === 7 ? { ...one, n: 3 } : one));
    expect(judge(GOOD, log)).toContainEqual('P1 den/7 is message 4, and says 3');
  });

  it('P1 one order: finds an event that somebody saw differently', () => {
    const other: Occurrence = {
      kind: 'heard',
      connection: 2,
      room: ROOM,
      event: { ...event(3), text: 'another' },
    };
    expect(judge(doctored(isHeard(2, 3), [other]))).toEqual([
      expect.stringMatching(/^P1 connection 2 of bob saw den\/3/),
    ]);
  });

  it('P1 one order: finds a page of history that differs', () => {
    const page: Occurrence[] = [
      { kind: 'page asked', page: 1, user: 'alice', room: ROOM },
      { kind: 'page read', page: 1, messages: [{ ...event(3), n: 2, reactions: {} }] },
    ];
    expect(judge([...GOOD, ...page])).toEqual([expect.stringMatching(/^P1 a page of history for alice/)]);
  });

  it('P2 durable: finds an acknowledged event that is lost', () => {
    const violations = judge(GOOD, LOG.slice(0, 6));
    expect(violations).toContainEqual(
      expect.stringMatching(/^P2 sendMessage a3 of alice was acknowledged as den\/7/),
    );
  });

  it('P2 durable: finds an acknowledgement with the time of another', () => {
    const wrong: Occurrence = { kind: 'answered', ask: 5, seq: 5, at: at(4) };
    const is = (one: Occurrence) => one.kind === 'answered' && one.ask === 5;
    expect(judge(doctored(is, [wrong]))).toEqual([expect.stringMatching(/^P2 sendMessage a2 of alice/)]);
  });

  it('P7 no forgery: finds an event that nobody asked for, and a text that nobody wrote', () => {
    const unasked = (one: Occurrence) => one.kind === 'asked' && one.ask === 7;
    const unanswered = (one: Occurrence) => one.kind === 'answered' && one.ask === 7;
    const rest = GOOD.filter((one) => !unasked(one) && !unanswered(one));
    expect(judge(rest)).toContainEqual(expect.stringMatching(/^P7 nobody asked for den\/7/));
    const text = LOG.map((one) => (one.seq === 7 ? { ...one, text: 'other words' } : one));
    expect(judge(GOOD, text)).toContainEqual(expect.stringMatching(/^P7 nobody asked for den\/7/));
  });

  it('P3 once: finds an id that made two events', () => {
    const twice = { ...event(7), seq: 8, n: 5 };
    expect(judge([...GOOD, { ...heard(1, 7), event: twice } as Occurrence], [...LOG, twice])).toEqual([
      'P3 den/8 is a3 of alice, as 7 was',
    ]);
  });

  it('P3 once: finds replies to one id that differ', () => {
    const again: Occurrence[] = [
      { ...asked(5), ask: 50 } as Occurrence,
      { kind: 'answered', ask: 50, seq: 3, at: at(3) },
    ];
    expect(judge([...GOOD, ...again])).toContainEqual(
      'P3 sendMessage a2 of alice in den was answered with 5 and with 3',
    );
  });

  it('P4 delivered: finds a gap in what a connection heard', () => {
    expect(judge(doctored(isHeard(1, 4), []))).toContainEqual(
      expect.stringMatching(/^P4 connection 1 of alice missed den\/4/),
    );
  });

  it('P4 delivered: finds a swap', () => {
    const first = GOOD.findIndex(isHeard(1, 3));
    const second = GOOD.findIndex(isHeard(1, 4));
    const swapped = GOOD.map((one, index) => {
      if (index === first) return heard(1, 4);
      return index === second ? heard(1, 3) : one;
    });
    expect(judge(swapped)).toContainEqual('P4 connection 1 of alice heard den/3 for the first time after 4');
  });

  it('P4 delivered: finds what a living connection was never told', () => {
    const short = GOOD.filter((one) => !isHeard(1, 7)(one));
    expect(judge(short)).toContainEqual(
      expect.stringMatching(/^P4 connection 1 of alice was never told den\/7/),
    );
  });

  it('P4 delivered: finds that a joiner did not hear its own joining', () => {
    const violations = judge(doctored(isHeard(2, 2), []));
    expect(violations).toContainEqual(expect.stringMatching(/^P4 connection 2 of bob missed den\/2/));
  });

  it('P4 delivered: finds a late beginning after the connection was open', () => {
    const late = [...opens(3, 'alice'), asked(7), answered(7), heard(1, 7)];
    const before = GOOD.filter((one) => !('ask' in one && one.ask === 7) && !isHeard(1, 7)(one));
    expect(judge([...before, ...late])).toContainEqual(
      expect.stringMatching(/^P4 connection 3 of alice was never told den\/7, it heard nothing/),
    );
    expect(judge([...before, ...late, heard(3, 7)])).toEqual([]);
  });

  it('P4 delivered: owes nothing to a connection that was closed', () => {
    const closed: Occurrence = { kind: 'closed', connection: 1, by: 'client', code: 1006 };
    const is = (one: Occurrence) => one.kind === 'asked' && one.ask === 7;
    const cut = doctored(is, [closed, asked(7)]).filter((one) => !isHeard(1, 7)(one));
    expect(judge([...cut, ...syncs(2, 'alice', 6, { events: [event(7)] })])).toEqual([]);
  });

  it('P4 delivered: finds a connection that the service closed for no reason', () => {
    const closed: Occurrence = { kind: 'closed', connection: 2, by: 'service', code: 1001 };
    expect(judge([...GOOD, closed])).toEqual(['P4 connection 2 of bob was closed with 1001']);
    expect(check({ ...history([...GOOD, closed]), calm: false })).toEqual([]);
  });

  it('P5 resume: finds a sync with a gap, one that stops short, and one that ends too early', () => {
    const gap = syncs(2, 'alice', 3, { events: [event(5), event(6), event(7)] });
    expect(judge([...GOOD, ...gap])).toEqual(['P5 a sync of alice in den goes on from 3 with 5, 6, 7']);
    const short = syncs(2, 'alice', 3, { events: [event(4)] });
    expect(judge([...GOOD, ...short])).toEqual([
      'P5 a sync of alice in den ends with 4 of 7, and says more: false',
    ]);
    const early = syncs(2, 'alice', 3, { seq: 4, events: [event(4)] });
    expect(judge([...GOOD, ...early])).toEqual([
      'P5 a sync of alice in den reaches 4 only, though 5 had been seen before it was asked',
    ]);
  });

  it('P5 resume: finds a sync that forgets a room, and a reset without need', () => {
    const [question, answer] = syncs(2, 'alice', 3, {});
    if (answer?.kind !== 'synced' || !question) throw new Error('a sync has two halves');
    expect(judge([...GOOD, question, { ...answer, rooms: [] }])).toEqual([
      'P5 a sync of alice, a member, told nothing of den',
    ]);
    expect(judge([...GOOD, ...syncs(2, 'alice', 3, { reset: true })])).toEqual([
      'P5 a sync of alice in den wants a new beginning, though 3 is in the log',
    ]);
  });

  it('P5 resume: finds a device that ends with a gap', () => {
    const without = GOOD.filter((one) => !('sync' in one));
    expect(judge(without)).toEqual(["P5 alice's of alice ends without 1 of den"]);
  });

  it('P6 members only: finds an event that came after the leaving', () => {
    expect(judge([...GOOD, heard(2, 6), heard(2, 7)])).toEqual([
      'P6 connection 2 of bob heard den/7, but its user was a member 2 to 6',
    ]);
  });

  it('P6 members only: finds a stranger who hears, writes, syncs, or reads', () => {
    expect(judge([...GOOD, ...opens(3, 'carol'), heard(3, 7)])).toContainEqual(
      'P6 connection 3 of carol heard den/7, but its user was a member never',
    );
    const foreign = LOG.map((one) => (one.seq === 7 ? { ...one, user: 'carol' } : one));
    expect(judge(GOOD, foreign)).toContainEqual('P6 carol wrote den/7 (message.created), and was no member');
    expect(judge([...GOOD, ...syncs(2, 'bob', 7, {})])).toEqual(['P6 a sync told bob, no member, of den']);
    const page: Occurrence[] = [
      { kind: 'page asked', page: 1, user: 'bob', room: ROOM },
      { kind: 'page read', page: 1, messages: [] },
    ];
    expect(judge([...GOOD, ...page])).toEqual(['P6 bob, stranger of den, was shown its history']);
  });

  it('P6 members only: finds a muted member who writes, and nothing once the mute is over', () => {
    const joinedMuted = (mutedUntil: string) =>
      LOG.map((one) => (one.seq === 2 ? { ...one, mutedUntil } : one));
    expect(judge(GOOD, joinedMuted(at(5)))).toContainEqual('P6 bob wrote den/4, and was muted');
    expect(judge(GOOD, joinedMuted(at(4))).join()).not.toContain('and was muted');
  });

  it('P6 members only: finds a member who was turned away', () => {
    const refused: Occurrence[] = [
      {
        kind: 'asked',
        ask: 90,
        user: 'alice',
        command: { action: 'sendMessage', room: ROOM, id: 'x', text: 'x' },
      },
      { kind: 'refused', ask: 90, code: 'forbidden' },
    ];
    expect(judge([...GOOD, ...refused])).toEqual([
      'P6 sendMessage x of alice was forbidden in den, though nothing spoke against it',
    ]);
  });

  it('P8 clean refusals: finds a good command that failed, unless something was broken on purpose', () => {
    const failed: Occurrence[] = [
      {
        kind: 'asked',
        ask: 90,
        user: 'alice',
        command: { action: 'sendMessage', room: ROOM, id: 'x', text: 'x' },
      },
      { kind: 'refused', ask: 90, code: 'unavailable' },
    ];
    expect(judge([...GOOD, ...failed])).toEqual(['P8 sendMessage x of alice was refused with unavailable']);
    expect(check({ ...history([...GOOD, ...failed]), calm: false })).toEqual([]);
  });

  it('is unsure of a membership only while it changes', () => {
    const facts = factsOf(history(GOOD));
    const joining = GOOD.findIndex((one) => one.kind === 'asked' && one.ask === 2);
    const leaving = GOOD.findIndex((one) => one.kind === 'asked' && one.ask === 6);
    const end = GOOD.length;
    expect(facts.standing(ROOM, 'bob', 0, joining - 1)).toBe('stranger');
    expect(facts.standing(ROOM, 'bob', 0, end)).toBe('unsure');
    expect(facts.standing(ROOM, 'bob', joining + 3, leaving - 1)).toBe('member');
    expect(facts.standing(ROOM, 'bob', end, end)).toBe('stranger');
    expect(facts.standing(ROOM, 'alice', leaving, end)).toBe('member');
  });

  it('P9 revocation: finds a connection that outlives its session, or hears beyond it', () => {
    const ends: Occurrence[] = [
      { kind: 'logging out', connection: 2 },
      { kind: 'closed', connection: 2, by: 'service', code: 1001 },
    ];
    const ended = (milliseconds: number | undefined): Occurrence => ({
      kind: 'logged out',
      connection: 2,
      milliseconds,
    });
    expect(judge([...GOOD, ...ends, ended(40)])).toEqual([]);
    expect(judge([...GOOD, ...ends, ended(2_500)])).toEqual(['P9 connection 2 lived on for 2500 ms']);
    expect(judge([...GOOD, ...ends.slice(0, 1), ended(undefined)])).toEqual([
      'P9 connection 2 was never closed after its logout',
    ]);
    const late = judge([...GOOD, ...ends, ended(40), heard(2, 5)]);
    expect(late).toContainEqual('P9 connection 2 heard den/5 after its logout');
    expect(judge([...GOOD, ...ends.slice(1)])).toEqual(['P4 connection 2 of bob was closed with 1001']);
  });

  it('P6 and P9: find who comes back from a ban, and a connection that outlives one', () => {
    const banned: RoomEvent = {
      seq: 8,
      type: 'member.removed',
      user: 'alice',
      at: at(8),
      id: 'a4',
      member: 'bob',
    };
    const ban = { ...banned, banned: true };
    const back: RoomEvent = { ...event(2), seq: 9, at: at(9), id: 'b4' };
    const lifted: RoomEvent = { ...ban, seq: 9, type: 'member.unbanned', at: at(9), id: 'a5' };
    const facts = factsOf(history(GOOD, [...LOG, ban, lifted]));
    expect(facts.mayBeBanned(ROOM, 'bob', 0, 1e6)).toBe(true);
    expect(facts.mayBeBanned(ROOM, 'alice', 0, 1e6)).toBe(false);
    const joins = 'P6 bob joined den/9, and was banned';
    expect(judge(GOOD, [...LOG, ban, back])).toContainEqual(joins);
    expect(judge(GOOD, [...LOG, banned, back])).not.toContainEqual(joins);
    expect(judge(GOOD, [...LOG, ban, { ...back, user: 'alice' }])).not.toContainEqual(joins);
    expect(judge(GOOD, [...LOG, ban, lifted, { ...back, seq: 10 }])).not.toContainEqual(
      'P6 bob joined den/10, and was banned',
    );
    const lives: Occurrence[] = [
      { kind: 'banning', connection: 2 },
      { kind: 'banned', connection: 2, milliseconds: undefined },
    ];
    expect(judge([...GOOD, ...lives])).toEqual(['P9 connection 2 was never closed after its ban']);
    const refused: Occurrence[] = [
      { kind: 'asked', ask: 20, user: 'bob', command: { action: 'joinRoom', room: ROOM, id: 'b9' } },
      { kind: 'refused', ask: 20, code: 'forbidden' },
    ];
    const wronged = 'P6 joinRoom b9 of bob was forbidden in den, though nothing spoke against it';
    expect(judge([...GOOD, ...refused])).toEqual([wronged]);
    expect(judge([...GOOD, ...refused], [...LOG, ban])).not.toContainEqual(wronged);
  });
});
