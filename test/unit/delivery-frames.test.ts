import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFrames } from '../../shared/delivery/frames.ts';
import { RoomEvent } from '../../shared/protocol/events.ts';
import { EventsFrame } from '../../shared/protocol/frames.ts';
import { MAX_FRAME_BYTES, RoomId } from '../../shared/protocol/ids.ts';

const room = RoomId.parse('general');

function message(seq: number, text: string): RoomEvent {
  return RoomEvent.parse({
    seq,
    type: 'message.created',
    user: 'alice',
    at: '2026-11-20T10:00:00.000Z',
    n: seq,
    text,
  });
}

const textOf = ({ bytes }: { bytes: Uint8Array }) => Buffer.from(bytes).toString();
const parsed = (frames: readonly { bytes: Uint8Array }[]) =>
  frames.map((frame) => EventsFrame.parse(JSON.parse(textOf(frame))));

describe('createFrames', () => {
  it('puts events that fit together into one frame', () => {
    const events = [message(3, 'one'), message(4, 'two')];
    expect(parsed(createFrames(room, events).from(1))).toEqual([{ type: 'events', room, events }]);
  });

  it('leaves out what lies before the number asked for, and makes each variant once', () => {
    const frames = createFrames(room, [message(3, 'one'), message(5, 'two')]);
    expect(parsed(frames.from(4))).toMatchObject([{ events: [{ seq: 5 }] }]);
    expect(frames.from(4)).toBe(frames.from(5));
    expect(frames.from(1)).toBe(frames.from(3));
    expect(frames.from(6)).toEqual([]);
  });

  it('lets an event that is larger than a frame by itself travel alone', () => {
    const wide = message(2, '\u0001'.repeat(4_000));
    // As attachments will make some.
    const huge = { ...message(3, 'x'), more: 'y'.repeat(MAX_FRAME_BYTES) };
    const frames = createFrames(room, [message(1, 'a'), wide, huge, message(4, 'b')]).from(1);
    expect(parsed(frames).map(({ events }) => events.map(({ seq }) => seq))).toEqual([[1, 2], [3], [4]]);
  });

  it('P4 delivered: holds every event once, in order, in frames of 32 KiB at most and no more of them than needed', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }),
            fc.integer({ min: 1, max: 4_000 }).map((length) => '😀'.repeat(length)),
            fc.integer({ min: 1, max: 4_000 }).map((length) => '\u0000'.repeat(length)),
          ),
          { minLength: 1, maxLength: 30 },
        ),
        (texts) => {
          const events = texts.map((text, index) => message(index + 1, text));
          const frames = createFrames(room, events).from(1);
          expect(parsed(frames).flatMap((frame) => frame.events)).toEqual(events);
          const sizes = frames.map(({ bytes }) => bytes.length);
          for (const size of sizes) expect(size).toBeLessThanOrEqual(MAX_FRAME_BYTES);
          // Two neighbours never fit into one frame.
          for (let i = 1; i < sizes.length; i++) {
            const first = parsed(frames)[i]?.events[0];
            const more = Buffer.byteLength(JSON.stringify(first)) + 1;
            expect((sizes[i - 1] ?? 0) + more).toBeGreaterThan(MAX_FRAME_BYTES);
          }
        },
      ),
      { numRuns: 60 },
    );
  }, 30_000);
});
