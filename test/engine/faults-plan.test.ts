import { describe, expect, it } from 'vitest';
import { Faults } from '../../local/faults/faults.ts';
import { type Fault, FaultPlanError, parseFaultPlan } from '../../local/faults/plan.ts';
import type { AwsCall } from '../../local/services/call.ts';

function refusal(plan: unknown): string {
  try {
    parseFaultPlan(typeof plan === 'string' ? plan : JSON.stringify(plan));
  } catch (error) {
    if (error instanceof FaultPlanError) return error.reason;
    throw error;
  }
  throw new Error('the plan was accepted');
}

const withFault = (fault: object) => ({ seed: 1, faults: [fault] });

describe('a fault plan', () => {
  it('may hold every kind', () => {
    const plan = {
      seed: 7,
      faults: [
        { kind: 'crash', when: 'between', probability: 0.5, match: { function: 'send', operation: 'Put' } },
        { kind: 'kill-environment', milliseconds: 0, probability: 0 },
        { kind: 'slow', milliseconds: 20, probability: 1 },
        { kind: 'error', error: 'ThrottlingException', lost: true, probability: 1, count: 3 },
        { kind: 'reset', probability: 1 },
        { kind: 'conflict', probability: 1 },
        { kind: 'post', answer: 'gone', probability: 1 },
        { kind: 'batch', how: 'split', probability: 1 },
        { kind: 'lose-disconnect', probability: 1 },
        { kind: 'kill-database', probability: 1 },
        { kind: 'clock', milliseconds: -1000, probability: 1 },
      ],
    };
    expect(parseFaultPlan(JSON.stringify(plan))).toEqual(plan);
  });

  it.each([
    ['nonsense', 'it is not JSON'],
    ['[]', 'the plan must be an object'],
    [{ faults: [] }, 'the plan needs seed'],
    [{ seed: 1.5, faults: [] }, 'seed must be a whole number from 0 to 4294967295'],
    [{ seed: 1, faults: {} }, 'faults must be a list'],
    [{ seed: 1, faults: [], more: 1 }, 'the plan has an unknown field more'],
    [withFault({ probability: 1 }), 'faults[0] needs kind'],
    [withFault({ kind: 'reset' }), 'faults[0] needs probability'],
    [withFault({ kind: 'reset', probability: 1.1 }), 'faults[0].probability must be a number from 0 to 1'],
    [withFault({ kind: 'reset', probability: '1' }), 'faults[0].probability must be a number from 0 to 1'],
    [withFault({ kind: 'crash', probability: 1 }), 'faults[0] needs when'],
    [
      withFault({ kind: 'crash', probability: 1, when: 'late' }),
      'faults[0].when must be one of before, between, after',
    ],
    [withFault({ kind: 'reset', probability: 1, lots: true }), 'faults[0] has an unknown field lots'],
    [withFault({ kind: 'reset', probability: 1, lost: 1 }), 'faults[0].lost must be true or false'],
    [
      withFault({ kind: 'reset', probability: 1, match: { table: 'x' } }),
      'faults[0].match has an unknown field table',
    ],
    [
      withFault({ kind: 'reset', probability: 1, match: { function: '' } }),
      'faults[0].match.function must be a text',
    ],
    [
      withFault({ kind: 'post', answer: 'gone', probability: 1, match: {} }),
      'faults[0] has an unknown field match',
    ],
    [
      withFault({ kind: 'reset', probability: 1, count: 0 }),
      'faults[0].count must be a whole number from 1 to 1000000',
    ],
  ])('%j is refused: %s', (plan, reason) => {
    expect(refusal(plan)).toBe(reason);
  });

  it('of an unknown kind is refused with the kinds there are', () => {
    expect(refusal(withFault({ kind: 'earthquake', probability: 1 }))).toMatch(
      /^faults\[0\]\.kind must be one of crash, kill-environment, .*clock$/,
    );
  });
});

const call = (operation: string, functionName = 'Parley-SendMessage'): AwsCall => ({
  service: 'dynamodb',
  operation,
  caller: { functionName, roleArn: 'arn', origin: { logicalId: 'X', constructPath: 'Stack/X' } },
});

function faultsOf(...faults: Fault[]): Faults {
  const made = new Faults({ killDatabase() {} });
  made.set({ seed: 3, faults });
  return made;
}

describe('the lots of a plan', () => {
  const draw = (faults: Faults) =>
    Array.from({ length: 200 }, () => faults.call(call('PutItem')) !== undefined);

  it('are the same for the same seed, and others for another', () => {
    const fault = { kind: 'reset', probability: 0.3 } as const;
    const first = draw(faultsOf(fault));
    expect(draw(faultsOf(fault))).toEqual(first);
    const other = new Faults({ killDatabase() {} });
    other.set({ seed: 4, faults: [fault] });
    expect(draw(other)).not.toEqual(first);
    const share = first.filter(Boolean).length / first.length;
    expect(share).toBeGreaterThan(0.2);
    expect(share).toBeLessThan(0.4);
  });

  it('are drawn for what matches alone, as often as the count says', () => {
    const match = { function: 'sendmessage', operation: 'Update' };
    const faults = faultsOf({ kind: 'reset', probability: 1, count: 2, match });
    expect(faults.call(call('PutItem'))).toBeUndefined();
    expect(faults.call(call('UpdateItem', 'Parley-Sync'))).toBeUndefined();
    expect(faults.call(call('UpdateItem'))).toMatchObject({ answer: 'reset', takesEffect: false });
    expect(faults.call(call('UpdateItem'))).toBeDefined();
    expect(faults.call(call('UpdateItem'))).toBeUndefined();
    expect(faults.counts()).toEqual([{ kind: 'reset', happened: 2 }]);
  });

  it('spare the user and the other services, and end with the plan', () => {
    const faults = faultsOf({ kind: 'reset', probability: 1 });
    expect(faults.call({ ...call('PutItem'), caller: undefined })).toBeUndefined();
    expect(faults.call({ ...call('GetSecretValue'), service: 'secretsmanager' })).toBeUndefined();
    faults.set(undefined);
    expect(faults.call(call('PutItem'))).toBeUndefined();
    expect(faults.counts()).toEqual([]);
  });

  it('cancel transactions for a conflict, and nothing else', () => {
    const faults = faultsOf({ kind: 'conflict', probability: 1 });
    expect(faults.call(call('PutItem'))).toBeUndefined();
    expect(faults.call(call('TransactWriteItems'))?.answer).toMatchObject({
      code: 'TransactionCanceledException',
      details: { CancellationReasons: [{ Code: 'TransactionConflict' }] },
    });
  });

  it('make batches smaller, never empty and never larger', () => {
    const faults = faultsOf({ kind: 'batch', how: 'split', probability: 1 });
    const sizes = Array.from({ length: 50 }, () => faults.batchSize('any', 100));
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(51);
    expect(new Set(sizes).size).toBeGreaterThan(10);
    expect(faultsOf().batchSize('any', 100)).toBe(100);
  });
});
