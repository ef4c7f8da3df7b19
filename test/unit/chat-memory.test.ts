import { describe, expect, it } from 'vitest';
import { recall, rememberHead, rememberStanding } from '../../shared/chat/room-memory.ts';
import { firstHeadItem, type Head, toHead } from '../../shared/data/heads.ts';
import { createTable } from '../../shared/data/table.ts';
import { clientId, room, user } from '../helper/chat.ts';

const alice = user('alice');
const id = room('r');
const standing = { role: 'member', since: 1 } as const;

function newTable() {
  return createTable({ name: 'T', call: () => Promise.reject(new Error('no call')), now: Date.now });
}

function headAt(seq: number, more: Partial<Head> = {}): Head {
  const first = firstHeadItem(id, {
    body: { type: 'room.created', name: 'r', kind: 'public' },
    user: alice,
    at: '2026-11-20T10:00:00.000Z',
    key: `alice#${clientId('k')}`,
  });
  return { ...toHead(first), seq, ...more };
}

describe('what a warm handler remembers', () => {
  it('nothing of a room or a member that it has not met', () => {
    const table = newTable();
    expect(recall(table, id, alice)).toBeUndefined();
    rememberHead(table, headAt(1));
    expect(recall(table, id, alice)).toMatchObject({ view: { seq: 1 }, standing: undefined });
  });

  it('standings for as long as the guard stands', () => {
    const table = newTable();
    const view = rememberHead(table, headAt(1));
    rememberStanding(table, view, alice, standing);
    rememberHead(table, headAt(2, { settled: 1 }));
    expect(recall(table, id, alice)).toMatchObject({ standing, view: { seq: 2, settled: 1 } });
    rememberHead(table, headAt(3, { settled: 1, guard: 2 }));
    expect(recall(table, id, alice)?.standing).toBeUndefined();
    rememberStanding(table, view, alice, standing);
    expect(recall(table, id, alice)?.standing).toBeUndefined();
  });

  it('never goes back to an older head', () => {
    const table = newTable();
    const view = rememberHead(table, headAt(5, { settled: 3 }));
    rememberStanding(table, view, alice, standing);
    rememberHead(table, headAt(4, { settled: 3 }));
    rememberHead(table, headAt(5, { settled: 2 }));
    expect(recall(table, id, alice)?.view).toMatchObject({ seq: 5, settled: 3 });
  });

  it('is each environment’s own, and bounded', () => {
    const table = newTable();
    rememberStanding(table, rememberHead(table, headAt(1)), alice, standing);
    expect(recall(newTable(), id, alice)).toBeUndefined();
    for (let i = 0; i < 500; i++) rememberHead(table, headAt(1, { room: room(`other-${i}`) }));
    expect(recall(table, id, alice)).toBeUndefined();
  });
});
