import { describe, expect, it } from 'vitest';
import { ResourcePolicies } from '../../local/access/resource-policy.ts';
import type { PrincipalStatement } from '../../local/assembly/model.ts';

const QUEUE = 'arn:aws:sqs:us-east-1:000000000000:q';
const ROLE = 'arn:aws:iam::000000000000:role/r';

const ALLOW: PrincipalStatement = {
  effect: 'Allow',
  actions: ['sqs:SendMessage'],
  notActions: [],
  resources: [QUEUE],
  notResources: [],
  conditions: {},
  principals: [ROLE],
};

const policies = (...statements: Partial<PrincipalStatement>[]) =>
  new ResourcePolicies(
    [
      {
        logicalId: 'Policy',
        constructPath: 'Stack/Policy',
        resources: [QUEUE],
        statements: statements.map((one) => ({ ...ALLOW, ...one })),
      },
    ],
    '000000000000',
  );

const decided = (statement: Partial<PrincipalStatement>, context = {}) =>
  policies(statement).decide({ roleArn: ROLE }, 'sqs:SendMessage', QUEUE, () => context);

describe('a policy of a queue', () => {
  it('allows whom it names, what it names', () => {
    expect(decided({})).toBe('allow');
    expect(decided({ principals: ['*'] })).toBe('allow');
    expect(decided({ principals: [`${ROLE}2`] })).toBe('implicit');
    expect(decided({ principals: ['sqs.amazonaws.com'] })).toBe('implicit');
    expect(decided({ actions: ['sqs:ReceiveMessage'] })).toBe('implicit');
    expect(policies({}).decide({ roleArn: ROLE }, 'sqs:SendMessage', `${QUEUE}2`, () => ({}))).toBe(
      'implicit',
    );
  });

  it('leaves it to the roles of an account that it names, but denies them', () => {
    const account = { principals: ['arn:aws:iam::000000000000:root'] };
    expect(decided(account)).toBe('implicit');
    expect(decided({ ...account, effect: 'Deny' })).toBe('explicit');
    expect(decided({ principals: ['000000000000'], effect: 'Deny' })).toBe('explicit');
  });

  it('denies whatever else it allows', () => {
    const both = policies({}, { effect: 'Deny', principals: ['*'] });
    expect(both.decide({ roleArn: ROLE }, 'sqs:SendMessage', QUEUE, () => ({}))).toBe('explicit');
  });

  it('allows a service under its conditions', () => {
    const topic = policies({
      principals: ['sns.amazonaws.com'],
      conditions: { ArnEquals: { 'aws:SourceArn': 'arn:aws:sns:us-east-1:000000000000:t' } },
    });
    const from = (arn: string) =>
      topic.decide({ service: 'sns.amazonaws.com' }, 'sqs:SendMessage', QUEUE, () => ({
        'aws:sourcearn': [arn],
      }));
    expect(from('arn:aws:sns:us-east-1:000000000000:t')).toBe('allow');
    expect(from('arn:aws:sns:us-east-1:000000000000:other')).toBe('implicit');
  });

  it('is refused by name where it can’t be decided', () => {
    expect(() => policies({ conditions: { StringEquals: { 'aws:SourceVpc': 'x' } } })).toThrow(
      /unable to check the policy Policy \(Stack\/Policy\); .*aws:SourceVpc/,
    );
  });
});
