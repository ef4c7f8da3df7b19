import { describe, expect, it } from 'vitest';
import type { StoredMessage } from '../../scripts/replay/service.ts';
import { type Heard, type Said, verify } from '../../scripts/replay/verify.ts';

const TEXTS = ['hello', 'is anyone here?', 'yes'];

/** Three messages of two people, after two joins; everything as it should be. */
function matching(): { said: Said[]; log: StoredMessage[]; heard: Heard[] } {
  const log = TEXTS.map((text, i) => ({ seq: i + 3, n: i + 1, user: i === 2 ? 'bob' : 'ann', text }));
  const said = log.map(({ seq, user, text }, i) => ({ where: `2004-12-25/${i}`, user, text, seq }));
  return { said, log, heard: log.map(({ seq, user, text }) => ({ seq, user, text })) };
}

function differences({ said, log, heard }: ReturnType<typeof matching>): readonly string[] {
  return verify(said, log, [{ observer: 'watcher', heard }]).differences;
}

describe('verify', () => {
  it('is content where said, stored and heard are the same', () => {
    const { said, log, heard } = matching();
    expect(verify(said, log, [{ observer: 'watcher', heard }])).toEqual({ differences: [], repeats: 0 });
  });

  it('P2 durable before acknowledged: misses an acknowledged message in history', () => {
    const all = matching();
    all.log.pop();
    all.heard.pop();
    expect(differences(all)).toEqual([
      'said 3 messages, history has 2',
      expect.stringMatching(/^2004-12-25\/2: bob was acknowledged seq 5, where history has nothing/),
    ]);
  });

  it('P1 one order: sees a hole in the count of messages', () => {
    const all = matching();
    all.log = all.log.map((message, i) => (i === 2 ? { ...message, n: 4 } : message));
    expect(differences(all)).toEqual(['history: message 3 is numbered n=4 (seq 5)']);
  });

  it('P3 once: sees a message stored twice', () => {
    const all = matching();
    all.log.push({ seq: 6, n: 4, user: 'bob', text: 'yes' });
    all.heard.push({ seq: 6, user: 'bob', text: 'yes' });
    expect(differences(all)).toEqual(['said 3 messages, history has 4']);
  });

  it('sees a changed text, in history or with one observer', () => {
    const stored = matching();
    stored.log = stored.log.map((message, i) =>
      i === 1 ? { ...message, text: 'is anyone there?' } : message,
    );
    expect(differences(stored)[0]).toBe(
      '2004-12-25/1: ann was acknowledged seq 4, where history has ann: "is anyone there?" instead of ann: "is anyone here?"',
    );
    const heard = matching();
    heard.heard = heard.heard.map((message, i) => (i === 1 ? { ...message, text: 'no' } : message));
    expect(differences(heard)).toEqual([
      'watcher: message 2: heard seq 4 ann: "no", history has seq 4 ann: "is anyone here?"',
    ]);
  });

  it('sees one person out of its own order', () => {
    const all = matching();
    const [first, second, third] = all.said;
    if (first === undefined || second === undefined || third === undefined)
      throw new Error('three were said');
    all.said = [second, first, third];
    expect(differences(all)).toEqual([
      '2004-12-25/0: ann said it after 2004-12-25/1, but seq 3 comes before seq 4',
    ]);
  });

  it('P4 delivered: sees an observer that heard too little, or in another order', () => {
    const little = matching();
    little.heard = little.heard.slice(0, 1);
    expect(differences(little)).toEqual([
      'watcher: message 2 (heard 1 of 3): heard seq undefined nothing, history has seq 4 ann: "is anyone here?"',
    ]);
    const turned = matching();
    turned.heard.reverse();
    expect(differences(turned)).toHaveLength(1);
  });

  it('P4 delivered at least once: counts what was heard again, and forgives it', () => {
    const all = matching();
    all.heard.push(...all.heard);
    expect(verify(all.said, all.log, [{ observer: 'watcher', heard: all.heard }])).toEqual({
      differences: [],
      repeats: 3,
    });
  });

  it('shows no more of a text than tells it', () => {
    const all = matching();
    const long = 'x'.repeat(500);
    all.heard = all.heard.map((message, i) => (i === 0 ? { ...message, text: long } : message));
    expect(differences(all)[0]?.length).toBeLessThan(200);
  });
});
