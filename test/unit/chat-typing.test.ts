import { describe, expect, it } from 'vitest';
import { createTypingMemory, TYPING_ENDS_MS, TYPING_EVERY_MS } from '../../shared/chat/typing.ts';
import { room, user } from '../helper/chat.ts';

const alice = { user: user('alice'), room: room('general') };

describe('what is told of typing', () => {
  it('is a beginning every three seconds at most, however many keys are pressed', () => {
    const memory = createTypingMemory();
    const told = Array.from({ length: 100 }, (_, i) => i * 100).filter((at) =>
      memory.isNews({ ...alice, on: true }, at),
    );
    expect(told).toEqual([0, TYPING_EVERY_MS, 2 * TYPING_EVERY_MS, 3 * TYPING_EVERY_MS]);
  });

  it('is an end at once, and once', () => {
    const memory = createTypingMemory();
    expect(memory.isNews({ ...alice, on: true }, 0)).toBe(true);
    expect(memory.isNews({ ...alice, on: false }, 10)).toBe(true);
    expect(memory.isNews({ ...alice, on: false }, 20)).toBe(false);
  });

  it('is no flicker: who stops and begins again within three seconds is told of as stopped', () => {
    const memory = createTypingMemory();
    for (const [on, at] of [
      [true, 0],
      [false, 100],
    ] as const)
      expect(memory.isNews({ ...alice, on }, at)).toBe(true);
    expect(memory.isNews({ ...alice, on: true }, 200)).toBe(false);
    expect(memory.isNews({ ...alice, on: true }, TYPING_EVERY_MS)).toBe(true);
  });

  it('is each person’s and each room’s own', () => {
    const memory = createTypingMemory();
    for (const one of [alice, { ...alice, user: user('bob') }, { ...alice, room: room('other') }]) {
      expect(memory.isNews({ ...one, on: true }, 0)).toBe(true);
    }
  });

  it('is kept no longer than it matters', () => {
    const memory = createTypingMemory();
    const many = Array.from({ length: 5_000 }, (_, i) => ({ ...alice, user: user(`user-${i}`), on: true }));
    for (const [index, one] of many.entries()) memory.isNews(one, index);
    const later = many.length + TYPING_ENDS_MS;
    for (const one of many.slice(-100)) expect(memory.isNews(one, later)).toBe(true);
  });

  it('ends later than two beginnings, so that one may be lost', () => {
    expect(TYPING_ENDS_MS).toBeGreaterThan(2 * TYPING_EVERY_MS);
  });
});
