/** Events of one room as `events` frames, each event made into text once however many connections get it. */
import type { RoomEvent } from '../protocol/events.ts';
import { MAX_FRAME_BYTES, type RoomId } from '../protocol/ids.ts';
import { createPayload, type Payload } from './poster.ts';

export interface RoomFrames {
  /** The frames that hold the events from number `seq` on, ascending; none where there is no such event. */
  from(seq: number): readonly Payload[];
}

/**
 * @param events ascending by `seq`.
 * @returns frames of as many events as fit into 32 KiB (the unit that API Gateway meters). An event that is larger by itself
 *   travels alone.
 */
export function createFrames(room: RoomId, events: readonly RoomEvent[]): RoomFrames {
  const head = `{"type":"events","room":${JSON.stringify(room)},"events":[`;
  const tail = ']}';
  const overhead = head.length + tail.length;
  const texts = events.map((event) => JSON.stringify(event));
  const made = new Map<number, readonly Payload[]>();

  function make(first: number): Payload[] {
    const frames: Payload[] = [];
    let held: string[] = [];
    let bytes = overhead;
    const flush = () => {
      if (held.length > 0) frames.push(createPayload(head + held.join(',') + tail));
      held = [];
      bytes = overhead;
    };
    for (const text of texts.slice(first)) {
      const more = Buffer.byteLength(text) + 1;
      // The last event of a frame has no comma behind it.
      if (bytes + more - 1 > MAX_FRAME_BYTES) flush();
      held.push(text);
      bytes += more;
    }
    flush();
    return frames;
  }

  return {
    from(seq) {
      const index = events.findIndex((event) => event.seq >= seq);
      if (index === -1) return [];
      const known = made.get(index);
      if (known) return known;
      const frames = make(index);
      made.set(index, frames);
      return frames;
    },
  };
}
