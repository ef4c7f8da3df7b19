import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DeliveryTools, deliver, RETRY_FOR_MS } from '../../shared/delivery/deliver.ts';
import { createPayload, type Outcome, POST_TIMEOUT_MS } from '../../shared/delivery/poster.ts';

const frames = ['one', 'two', 'three'].map(createPayload);
const target = { connection: 'c1', callback: 'https://api.example.com/dev', connectedAt: 0 };
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString();

/** Tools whose clock only moves by pauses and by how long a post takes, and whose posts end as scripted, then with `rest`. */
function tools(script: readonly Outcome[], rest: Outcome, close: Outcome = 'done', postMs = 0) {
  let clock = 100_000;
  const left = [...script];
  const sent: { text: string; outcome: Outcome }[] = [];
  const closes: number[] = [];
  const made: DeliveryTools = {
    poster: {
      async post(_, { bytes }) {
        clock += postMs;
        const outcome = left.shift() ?? rest;
        sent.push({ text: textOf(bytes), outcome });
        return outcome;
      },
      async close() {
        closes.push(clock);
        return close;
      },
    },
    lane: (task) => task(),
    now: () => clock,
    sleep: async (ms) => {
      clock += ms;
    },
    random: () => 0.5,
  };
  return { made, sent, closes, elapsed: () => clock - 100_000 };
}

const delivered = (sent: readonly { text: string; outcome: Outcome }[]) =>
  sent.filter(({ outcome }) => outcome === 'done').map(({ text }) => text);

describe('deliver', () => {
  it('P4 delivered: posts every frame once, in order, whatever heals in between', () => {
    return fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom<Outcome>('again', 'done'), { maxLength: 8 }),
        async (script) => {
          const { made, sent } = tools(script, 'done');
          expect(await deliver(made, target, frames)).toBe('delivered');
          expect(delivered(sent)).toEqual(['one', 'two', 'three']);
          // No frame is tried before the one ahead of it arrived.
          const order = sent.map(({ text }) => ['one', 'two', 'three'].indexOf(text));
          expect(order).toEqual([...order].sort());
        },
      ),
    );
  });

  it('P4 disconnected: gives up after its time, says why, and closes', async () => {
    const { made, sent, closes, elapsed } = tools(['done'], 'again');
    expect(await deliver(made, target, frames)).toBe('closed');
    expect(delivered(sent)).toEqual(['one']);
    expect(JSON.parse(sent.at(-1)?.text ?? '')).toMatchObject({ type: 'closing', code: 'too_slow' });
    expect(closes).toHaveLength(1);
    expect(elapsed()).toBeLessThanOrEqual(RETRY_FOR_MS);
    expect(elapsed()).toBeGreaterThan(RETRY_FOR_MS / 2);
  });

  it('is done in well under the 30 s of a worker, even where every post takes its whole time', async () => {
    const { made, elapsed } = tools([], 'again', 'again', POST_TIMEOUT_MS);
    expect(await deliver(made, target, frames)).toBe('stuck');
    expect(elapsed()).toBeLessThan(15_000);
  });

  it('tries to close more than once', async () => {
    const { made, closes } = tools([], 'again', 'again');
    expect(await deliver(made, target, frames)).toBe('stuck');
    expect(closes.length).toBeGreaterThan(1);
  });

  it('takes a connection that is gone while it is closed for closed', async () => {
    const { made } = tools([], 'again', 'gone');
    expect(await deliver(made, target, frames)).toBe('closed');
  });

  it('stops at the first frame to a connection that is gone', async () => {
    const { made, sent } = tools(['done', 'gone'], 'done');
    expect(await deliver(made, target, frames)).toBe('gone');
    expect(sent).toHaveLength(2);
  });

  it('does not believe the 410 of a connection that may be opening', async () => {
    const { made } = tools([], 'gone');
    expect(await deliver(made, { ...target, connectedAt: 100_000 - 29_999 }, frames)).toBe('opening');
    expect(await deliver(made, { ...target, connectedAt: 100_000 - 30_000 }, frames)).toBe('gone');
  });

  it('repeats nothing that is refused, and closes nobody for it', async () => {
    const { made, sent, closes } = tools([], 'refused');
    expect(await deliver(made, target, frames)).toBe('refused');
    expect(sent).toHaveLength(1);
    expect(closes).toEqual([]);
  });

  it('has nothing to do without a frame', async () => {
    const { made, sent } = tools([], 'done');
    expect(await deliver(made, target, [])).toBe('delivered');
    expect(sent).toEqual([]);
  });
});
