import { describe, expect, it } from 'vitest';
import { changed, created, replied, unreplied } from '../../client/fold.ts';
import { RoomLog } from '../../client/log.ts';
import type { EventOf, Message } from '../../shared/protocol/events.ts';
import type { UserId } from '../../shared/protocol/ids.ts';
import { randomOf } from '../simulation/random.ts';

const event = (seq: number) => ({ seq, type: 'message.created' });

describe('the log of a room', () => {
  it('P1 gives each event once and in order, whatever arrives when and how often', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = randomOf(seed);
      const frames = Array.from({ length: 60 }, (_, index) => index + 1)
        .flatMap((seq) => (random.chance(0.3) ? [seq, seq] : [seq]))
        .map((seq) => ({ seq, at: seq + random.between(0, 8) }))
        .sort((a, b) => a.at - b.at);
      const log = new RoomLog();
      log.moveTo(0);
      const given: number[] = [];
      for (let from = 0; from < frames.length; ) {
        const to = from + random.between(1, 4);
        given.push(...log.take(frames.slice(from, to).map(({ seq }) => event(seq))).map(({ seq }) => seq));
        from = to;
      }
      expect(given).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
      expect(log.hasGap).toBe(false);
    }
  });

  it('P4 holds back what comes after a gap until the gap is filled', () => {
    const log = new RoomLog();
    log.moveTo(4);
    expect(log.take([event(6), event(7)])).toEqual([]);
    expect(log.hasGap).toBe(true);
    expect(log.take([event(5)]).map(({ seq }) => seq)).toEqual([5, 6, 7]);
    expect(log.hasGap).toBe(false);
  });

  it('begins with the first that is heard, and forgets what a new beginning covers', () => {
    const log = new RoomLog();
    expect(log.take([event(8)]).map(({ seq }) => seq)).toEqual([8]);
    log.take([event(11), event(14)]);
    log.moveTo(12);
    expect(log.take([event(13)]).map(({ seq }) => seq)).toEqual([13, 14]);
  });
});

const AT = '2026-11-28T12:00:00.000Z';
const alice = 'alice' as UserId;
const bob = 'bobby' as UserId;

const about = (type: string, more: object) =>
  ({ seq: 9, type, user: bob, at: AT, target: 1, ...more }) as never;

describe('what events make of a message', () => {
  const message = created({
    seq: 1,
    type: 'message.created',
    user: alice,
    at: AT,
    n: 1,
    text: 'hello',
  } as EventOf<'message.created'>);

  it('is what history would say: edited, pinned, deleted', () => {
    const edited = changed(message, about('message.edited', { text: 'hi' }), bob);
    expect(edited).toMatchObject({ text: 'hi', editedAt: AT });
    const pinned = changed(edited, about('message.pinned', {}), bob);
    expect(pinned.pinned).toBe(true);
    expect(changed(pinned, about('message.unpinned', {}), bob)).toEqual(edited);
    const deleted = changed(pinned, about('message.deleted', {}), bob);
    expect(deleted).toEqual({
      seq: 1,
      type: 'message.created',
      user: alice,
      at: AT,
      n: 1,
      deleted: true,
      reactions: {},
    });
    expect(changed(deleted, about('message.edited', { text: 'back' }), bob)).toBe(deleted);
  });

  it('counts a reaction once for each person, also where history told of it before', () => {
    const once = changed(message, about('reaction.added', { emoji: '👍' }), bob);
    expect(once.reactions).toEqual({ '👍': { count: 1, users: [bob], mine: true } });
    expect(changed(once, about('reaction.added', { emoji: '👍' }), bob).reactions).toEqual(once.reactions);
    const both = changed(once, about('reaction.added', { emoji: '👍', user: alice }), bob);
    expect(both.reactions['👍']).toEqual({ count: 2, users: [bob, alice], mine: true });
    const one = changed(both, about('reaction.removed', { emoji: '👍' }), bob);
    expect(one.reactions['👍']).toEqual({ count: 1, users: [alice], mine: false });
    expect(changed(one, about('reaction.removed', { emoji: '👍', user: alice }), bob).reactions).toEqual({});
  });

  it('goes on with the number alone beyond fifty names', () => {
    const users = Array.from({ length: 50 }, (_, index) => `user-${index}` as UserId);
    const many: Message = { ...message, reactions: { '👍': { count: 60, users, mine: false } } };
    const more = changed(many, about('reaction.added', { emoji: '👍' }), alice);
    expect(more.reactions['👍']).toMatchObject({ count: 61, users });
    expect(changed(more, about('reaction.removed', { emoji: '👍' }), alice).reactions['👍']).toMatchObject({
      count: 60,
    });
  });

  it('counts a reply once', () => {
    const root = replied(message, { at: AT, seq: 7 });
    expect(root).toMatchObject({ replyCount: 1, lastReplyAt: AT, lastReply: 7 });
    expect(replied(root, { at: AT, seq: 7 })).toBe(root);
    // Clocks differ: a later reply may have an earlier time.
    const earlier = new Date(Date.parse(AT) - 60).toISOString() as Message['at'];
    expect(replied(root, { at: earlier, seq: 8 })).toMatchObject({
      replyCount: 2,
      lastReplyAt: earlier,
    });
    expect(unreplied(root)).toEqual({ ...message, lastReply: 7 });
  });
});
