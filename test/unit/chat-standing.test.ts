import { describe, expect, it } from 'vitest';
import { isBanned, muteOf, standingOf } from '../../shared/chat/standing.ts';
import { changeOf, type NumberedChange, ownersAfter, raisesGuard } from '../../shared/data/heads.ts';
import type { MembershipRecord } from '../../shared/data/memberships.ts';
import { clientId, room, user } from '../helper/chat.ts';

const alice = user('alice');
const bob = user('bob');

const active = (asOf: number, since = asOf): MembershipRecord => ({
  state: 'active',
  asOf,
  membership: {
    room: room('r'),
    user: bob,
    role: 'member',
    since,
    joinedAt: '2026-11-20T10:00:00.000Z',
    read: { seq: since, n: 0 },
    mentions: [],
    notify: 'mentions',
    asOf,
  },
});
const change = (
  seq: number,
  type: NumberedChange['type'],
  more: Partial<NumberedChange> = {},
): NumberedChange => ({
  key: `x#${seq}`,
  seq,
  type,
  member: bob,
  ...more,
});

describe('standingOf', () => {
  it('is what the membership says when nothing is unsettled', () => {
    expect(standingOf(bob, undefined, [])).toBeUndefined();
    expect(standingOf(bob, active(5), [])).toMatchObject({ role: 'member', since: 5 });
    expect(standingOf(bob, { state: 'left', asOf: 7 }, [])).toBeUndefined();
  });

  it('P6 members only: a removal counts before the membership shows it', () => {
    expect(standingOf(bob, active(5), [change(6, 'member.removed')])).toBeUndefined();
    expect(standingOf(bob, active(5), [change(6, 'member.left')])).toBeUndefined();
  });

  it('a change that the membership shows already is not applied again', () => {
    const changes = [change(6, 'member.left'), change(7, 'member.joined')];
    expect(standingOf(bob, active(7), changes)).toMatchObject({ since: 7 });
    expect(standingOf(bob, active(5), changes)).toMatchObject({ since: 7 });
    expect(standingOf(bob, { state: 'left', asOf: 8 }, changes)).toBeUndefined();
  });

  it('changes of others do not matter', () => {
    expect(standingOf(bob, active(5), [change(6, 'member.left', { member: alice })])).toBeDefined();
    expect(standingOf(bob, undefined, [change(6, 'member.joined', { member: alice })])).toBeUndefined();
  });

  it('role and mute follow their changes, and a mute can end', () => {
    const until = '2026-11-21T00:00:00.000Z';
    const muted = [change(6, 'member.updated', { role: 'admin', mutedUntil: until })];
    expect(standingOf(bob, active(5), muted)).toMatchObject({ role: 'admin', mutedUntil: until, since: 5 });
    const ended = [...muted, change(7, 'member.updated', { mutedUntil: null })];
    expect(standingOf(bob, active(5), ended)).not.toHaveProperty('mutedUntil');
    expect(standingOf(bob, active(5), ended)).toMatchObject({ role: 'admin' });
    expect(standingOf(bob, undefined, muted)).toBeUndefined();
  });

  it('who creates a room owns it, and its settings change nobody’s standing', () => {
    const changes = [change(1, 'room.created'), change(2, 'room.updated')];
    expect(standingOf(bob, undefined, changes)).toEqual({ role: 'owner', since: 1 });
  });
});

describe('isBanned', () => {
  const ban = change(6, 'member.removed', { banned: true });
  const item = (asOf: number, lifted = false) => ({
    by: alice,
    at: '2026-11-20T10:00:00.000Z',
    asOf,
    lifted,
  });

  it('goes by the changes that the item does not reflect yet', () => {
    expect(isBanned(bob, undefined, [ban])).toBe(true);
    expect(isBanned(alice, undefined, [ban])).toBe(false);
    expect(isBanned(bob, undefined, [change(6, 'member.removed', { banned: false })])).toBe(false);
    expect(isBanned(bob, item(6, true), [ban])).toBe(false);
    expect(isBanned(bob, item(5, true), [ban])).toBe(true);
  });

  it('ends with its lifting and with an invitation, by nothing else', () => {
    expect(isBanned(bob, item(5), [])).toBe(true);
    expect(isBanned(bob, item(5), [change(6, 'member.unbanned')])).toBe(false);
    expect(isBanned(bob, item(5), [change(6, 'member.joined')])).toBe(false);
    expect(isBanned(bob, item(5), [change(6, 'member.removed', { banned: false })])).toBe(true);
    expect(isBanned(bob, item(5), [change(4, 'member.unbanned')])).toBe(true);
  });
});

describe('muteOf', () => {
  const until = '2026-11-21T00:00:00.000Z';

  it('outlasts a leaving, settled or not', () => {
    expect(muteOf(bob, { state: 'left', asOf: 7, mutedUntil: until }, [])).toBe(until);
    const muted = change(6, 'member.updated', { mutedUntil: until });
    expect(muteOf(bob, active(5), [muted, change(7, 'member.left')])).toBe(until);
    expect(muteOf(alice, undefined, [muted])).toBeUndefined();
  });

  it('ends when it is lifted, and comes back with a joining', () => {
    const lifted = change(8, 'member.updated', { mutedUntil: null });
    expect(muteOf(bob, { state: 'left', asOf: 7, mutedUntil: until }, [lifted])).toBeUndefined();
    const joined = change(9, 'member.joined', { mutedUntil: until });
    expect(muteOf(bob, undefined, [joined])).toBe(until);
    expect(standingOf(bob, undefined, [joined])).toEqual({ role: 'member', since: 9, mutedUntil: until });
  });
});

describe('changes of rights', () => {
  const key = `alice#${clientId('m')}` as const;

  it('messages are none', () => {
    expect(changeOf({ type: 'message.created', text: 'x' }, alice, key)).toBeUndefined();
    expect(changeOf({ type: 'reaction.added', target: 1, emoji: '👍' }, alice, key)).toBeUndefined();
  });

  it('all but a join raise the guard: who joins takes nothing from anyone', () => {
    const raised = (['joined', 'left'] as const).map((what) => {
      const found = changeOf({ type: `member.${what}`, member: bob }, bob, key);
      return found && raisesGuard(found);
    });
    expect(raised).toEqual([false, true]);
    const owner = changeOf({ type: 'member.joined', member: bob, role: 'owner' }, alice, key);
    expect(owner && raisesGuard(owner)).toBe(true);
  });

  it('owners come and go with them', () => {
    expect(ownersAfter([], { type: 'room.created', member: alice })).toEqual([alice]);
    expect(ownersAfter([alice], { type: 'member.updated', member: bob, role: 'owner' })).toEqual([
      alice,
      bob,
    ]);
    expect(ownersAfter([alice, bob], { type: 'member.updated', member: bob, role: 'admin' })).toEqual([
      alice,
    ]);
    expect(ownersAfter([alice, bob], { type: 'member.updated', member: bob })).toEqual([alice, bob]);
    expect(ownersAfter([alice, bob], { type: 'member.removed', member: alice })).toEqual([bob]);
    expect(ownersAfter([alice], { type: 'member.joined', member: bob })).toEqual([alice]);
    expect(ownersAfter([alice], { type: 'member.joined', member: bob, role: 'owner' })).toEqual([alice, bob]);
  });

  it('the two of a direct room own nothing', () => {
    const created = changeOf({ type: 'room.created', kind: 'direct' }, alice, key);
    expect(created && ownersAfter([], created)).toEqual([]);
    expect(created && standingOf(alice, undefined, [{ ...created, seq: 1 }])).toEqual({
      role: 'member',
      since: 1,
    });
  });
});
