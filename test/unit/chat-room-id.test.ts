import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { roomIdFor, suffixed } from '../../shared/chat/room-id.ts';
import { RoomId } from '../../shared/protocol/ids.ts';

describe('a room id from a name', () => {
  it.each([
    ['General', 'general'],
    ['Café Zürich!', 'cafe-zurich'],
    ['  --- A & B ---  ', 'a-b'],
    ['日本語', 'room'],
    ['', 'room'],
    ['DM', 'room-dm'],
    ['dm you', 'room-dm-you'],
    ['dmitri', 'dmitri'],
    ['a'.repeat(100), 'a'.repeat(48)],
  ])('%j gives %s', (name, id) => {
    expect(roomIdFor(name)).toBe(id);
  });

  it('any name gives an id that fits the protocol and is no direct room’s, with a random end too', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), fc.uuid(), (name, random) => {
        for (const id of [roomIdFor(name), suffixed(roomIdFor(name), random)]) {
          expect(RoomId.safeParse(id).success).toBe(true);
          expect(id.startsWith('dm-')).toBe(false);
        }
      }),
    );
  });
});
