import { describe, expect, it } from 'vitest';
import { Tally } from '../../bench/tally.ts';

/** A room of two in which the first says three things, one a second. */
function conversation(): { tally: Tally; messages: number[] } {
  const tally = new Tally([2]);
  return { tally, messages: [0, 1000, 2000].map((at) => tally.sent(0, 0, at, true)) };
}

describe('Tally', () => {
  it('finds nothing wrong where everyone got everything in order', () => {
    const { tally, messages } = conversation();
    for (const message of messages) {
      for (const receiver of [0, 1]) tally.delivered(0, receiver, message, message + 7, message * 1000 + 5);
    }
    expect(tally.outstanding).toBe(0);
    expect(tally.result(0, 3)).toMatchObject({
      messages: 3,
      owed: 6,
      lost: 0,
      doubled: 0,
      outOfOrder: 0,
      overtaken: 0,
      unknown: 0,
      latency: { count: 6, p50: 5, max: 5 },
      messagesPerSecond: 1,
      deliveriesPerSecond: 2,
    });
  });

  it('counts each delivery that never came as lost, the sender included', () => {
    const { tally, messages } = conversation();
    for (const message of messages.slice(1)) tally.delivered(0, 1, message, message, 3000);
    expect(tally.outstanding).toBe(4);
    expect(tally.result(0, 3).lost).toBe(4);
  });

  it('counts a repeat as doubled and not as a second delivery', () => {
    const { tally, messages } = conversation();
    const [first = -1] = messages;
    tally.delivered(0, 1, first, 1, 10);
    tally.delivered(0, 1, first, 1, 20);
    expect(tally.result(0, 3)).toMatchObject({ doubled: 1, lost: 5, latency: { count: 1 } });
  });

  it('sees a receiver that gets a later number first', () => {
    const { tally, messages } = conversation();
    const [first = -1, second = -1] = messages;
    tally.delivered(0, 1, second, 2, 10);
    tally.delivered(0, 1, first, 1, 20);
    expect(tally.result(0, 3).outOfOrder).toBe(1);
  });

  it('P1 one order: sees a message that has two numbers for two receivers', () => {
    const { tally, messages } = conversation();
    const [first = -1] = messages;
    tally.delivered(0, 0, first, 1, 10);
    tally.delivered(0, 1, first, 2, 10);
    expect(tally.result(0, 3).outOfOrder).toBe(1);
  });

  it('sees two receivers disagree on a server that does not number', () => {
    const { tally, messages } = conversation();
    const [first = -1, second = -1] = messages;
    for (const message of [first, second]) tally.delivered(0, 0, message, undefined, 10);
    for (const message of [second, first]) tally.delivered(0, 1, message, undefined, 10);
    expect(tally.result(0, 3).outOfOrder).toBe(1);
  });

  it('tells a sender overtaken by itself from a room out of order', () => {
    const { tally, messages } = conversation();
    const [first = -1, second = -1] = messages;
    for (const receiver of [0, 1]) {
      tally.delivered(0, receiver, second, 1, 10);
      tally.delivered(0, receiver, first, 2, 10);
    }
    expect(tally.result(0, 3)).toMatchObject({ outOfOrder: 0, overtaken: 1 });
  });

  it('owes nobody a refused message', () => {
    const { tally, messages } = conversation();
    const [first = -1] = messages;
    tally.refused(first);
    tally.refused(first);
    expect(tally.outstanding).toBe(4);
    expect(tally.result(0, 3)).toMatchObject({ refused: 1, messages: 2, owed: 4 });
  });

  it('counts what was never sent to that room as unknown', () => {
    const tally = new Tally([1, 1]);
    const message = tally.sent(0, 0, 0, true);
    tally.delivered(1, 0, message, 1, 1);
    tally.delivered(0, 0, -1, 1, 1);
    expect(tally.result(0, 1)).toMatchObject({ unknown: 2, lost: 1 });
  });

  it('leaves the warm-up out of latency and rates, not out of the promises', () => {
    const tally = new Tally([1]);
    const warm = tally.sent(0, 0, 0, false);
    const counted = tally.sent(0, 0, 2000, true);
    tally.delivered(0, 0, warm, 1, 900);
    tally.delivered(0, 0, counted, 2, 2004);
    expect(tally.result(2000, 1)).toMatchObject({
      latency: { count: 1, max: 4 },
      deliveriesPerSecond: 1,
      owed: 2,
      lost: 0,
    });
  });

  it('takes rates over the time until the last delivery where that came late', () => {
    const tally = new Tally([1]);
    tally.delivered(0, 0, tally.sent(0, 0, 0, true), 1, 4000);
    expect(tally.result(0, 1).deliveriesPerSecond).toBe(0.25);
  });
});
