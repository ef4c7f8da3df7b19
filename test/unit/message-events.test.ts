import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyChange, countReply, type MessageChange, upToDate } from '../../shared/chat/message-events.ts';
import {
  type MessageState,
  type StoredMessage,
  toMessage,
  UNTOUCHED,
} from '../../shared/data/message-state.ts';
import { RoomEvent } from '../../shared/protocol/events.ts';
import { user } from '../helper/chat.ts';

const at = (seq: number) => new Date(Date.UTC(2026, 0, 1) + seq * 1_000).toISOString();
const change = (seq: number, fields: Record<string, unknown>, by = 'alice') =>
  RoomEvent.parse({ seq, user: by, at: at(seq), target: 1, ...fields }) as MessageChange;
const edited = (seq: number, text: string) => change(seq, { type: 'message.edited', text });
const reacted = (seq: number, by: string, emoji = '👍') => change(seq, { type: 'reaction.added', emoji }, by);
const unreacted = (seq: number, by: string, emoji = '👍') =>
  change(seq, { type: 'reaction.removed', emoji }, by);
const deleted = (seq: number) => change(seq, { type: 'message.deleted' });
const apply = (...events: MessageChange[]) => events.reduce(applyChange, UNTOUCHED);

const message: StoredMessage = {
  event: { seq: 1, type: 'message.created', user: user('alice'), at: at(1), n: 1, text: 'hello' },
  n: 1,
};
const shown = (state: MessageState, viewer = 'alice') => toMessage({ ...message, state }, user(viewer));

describe('what events make of a message', () => {
  it('the latest text, with the time of the edit', () => {
    expect(shown(apply(edited(2, 'hi'), edited(5, 'hello again')))).toMatchObject({
      text: 'hello again',
      editedAt: at(5),
    });
  });

  it('each person’s reaction once, in the order of the reactions, and whether it is one’s own', () => {
    const state = apply(reacted(2, 'bob'), reacted(3, 'alice'), reacted(4, 'bob'), reacted(5, 'bob', '🎉'));
    expect(shown(state).reactions).toEqual({
      '👍': { count: 2, users: ['bob', 'alice'], mine: true },
      '🎉': { count: 1, users: ['bob'], mine: false },
    });
    expect(apply(reacted(2, 'bob'), unreacted(3, 'bob')).reactions).toEqual({});
    expect(apply(reacted(2, 'bob'), unreacted(3, 'alice')).reactions).toEqual({
      '👍': [{ user: 'bob', seq: 2 }],
    });
  });

  it('names the first fifty who reacted, and counts all', () => {
    const people = Array.from({ length: 60 }, (_, index) => `user-${index}`);
    const { reactions } = shown(apply(...people.map((one, index) => reacted(index + 2, one))), 'user-59');
    expect(reactions['👍']).toEqual({ count: 60, users: people.slice(0, 50), mine: true });
  });

  it('nothing but its place and its thread once it is deleted, whatever comes later', () => {
    const before = countReply(apply(edited(2, 'hi'), reacted(3, 'bob')), {
      seq: 4,
      at: at(4),
      by: 1,
      user: user('bob'),
    });
    const state = [deleted(5), edited(6, 'back'), reacted(7, 'bob')].reduce(applyChange, before);
    expect(shown(state)).toEqual({
      seq: 1,
      type: 'message.created',
      user: 'alice',
      at: at(1),
      n: 1,
      deleted: true,
      reactions: {},
      replyCount: 1,
      lastReplyAt: at(4),
      lastReply: 4,
    });
  });

  it('counts replies, and back those that were deleted', () => {
    const two = [2, 3].reduce(
      (state, seq) => countReply(state, { seq, at: at(seq), by: 1, user: user('bob') }),
      UNTOUCHED,
    );
    expect(shown(two)).toMatchObject({ replyCount: 2, lastReplyAt: at(3) });
    expect(shown(countReply(two, { seq: 4, at: at(4), by: -1, user: user('bob') }))).toMatchObject({
      replyCount: 1,
    });
  });

  it('the same, however often and from wherever on the events come again', () => {
    const kinds = fc.oneof(
      fc.string({ minLength: 1, maxLength: 5 }).map((text) => ({ type: 'message.edited', text })),
      fc.constantFrom('reaction.added', 'reaction.removed').map((type) => ({ type, emoji: '👍' })),
      fc.constantFrom('message.pinned', 'message.unpinned', 'message.deleted').map((type) => ({ type })),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(kinds, fc.constantFrom('alice', 'bob', 'carol')), { maxLength: 12 }),
        fc.array(fc.nat(12), { maxLength: 6 }),
        (list, restarts) => {
          const events = list.map(([fields, by], index) => change(index + 2, fields, by));
          const once = events.reduce(applyChange, UNTOUCHED);
          const repeated = restarts.reduce(
            (state, from) => events.slice(Math.max(0, from - 3), from).reduce(applyChange, state),
            events.reduce(applyChange, UNTOUCHED),
          );
          expect(repeated).toEqual(once);
          // What a reader applies to a message that is half way is what the projector will have made of it.
          const half = events.slice(0, events.length / 2).reduce(applyChange, UNTOUCHED);
          const tail = events.map((event) => ({ event, n: 1 }));
          expect(upToDate({ ...message, state: half }, tail).state).toEqual(once);
        },
      ),
    );
  });
});
