import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const MODEL = join(import.meta.dirname, '../../docs/append-model.mjs');

function run(variant: string, senders: string): string {
  return spawnSync(process.execPath, [MODEL, variant, senders], { encoding: 'utf8' }).stdout;
}

describe('the design of the append, in every interleaving of its database calls', () => {
  it('P1 one order, P2 durable, P3 once: holds with two senders of one id and one of another', () => {
    expect(run('ok', 'a,a,b')).toMatch(/^ok: holds in all \d+ states/);
  }, 60_000);

  it.each([
    ['noguard', 'the commit does not look at settled'],
    ['claimfirst', 'the claim is read before the head'],
    ['nopending', 'the commit does not look at pending'],
    ['norecent', 'a commit that is one step behind does not look at recent'],
  ])('P3 once: breaks as soon as one part is left out (%s: %s)', (variant) => {
    expect(run(variant, 'a,a,a,b')).toContain('two events for id a');
  });
});
