import type { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { property, type Resource, resources, synthesize } from './stack.ts';

const ARN = 'arn:aws:lambda:eu-west-1:123456789012:function:judge';

const variableOf = (lambda: Resource, name: string) => property(lambda, 'Environment', 'Variables', name);

/** The functions that ask the hook, by the construct path within the stack. */
function askers(template: Template): string[] {
  return [...resources(template, 'AWS::Lambda::Function').values()]
    .filter((lambda) => variableOf(lambda, 'MODERATION_FUNCTION') !== undefined)
    .map((lambda) => lambda.Metadata?.['aws:cdk:path']?.split('/').slice(1, 3).join('/') ?? '')
    .sort();
}

/** What may be invoked by whom: the resources of the statements that allow it. */
function invocable(template: Template): string {
  const policies = [...resources(template, 'AWS::IAM::Policy').values()];
  return JSON.stringify(
    policies
      .flatMap((policy) => property(policy, 'PolicyDocument', 'Statement') as { Action: unknown }[])
      .filter(({ Action }) => Action === 'lambda:InvokeFunction'),
  );
}

describe('the moderation hook', () => {
  it('is nothing where the context asks for none', async () => {
    const template = await synthesize();
    expect(askers(template)).toEqual([]);
    expect(JSON.stringify(template.toJSON())).not.toMatch(/MODERATION|WordList/);
  });

  it('is a function of the deployer’s, which just those may invoke who commit texts', async () => {
    const template = await synthesize({
      moderationFunctionArn: ARN,
      moderationTimeoutMs: 150,
      moderationOnTimeout: 'closed',
    });
    expect(askers(template)).toEqual([
      'Http/Handler',
      'WebSocket/EditMessageHandler',
      'WebSocket/SendMessageHandler',
    ]);
    expect(invocable(template).split(ARN)).toHaveLength(4);
    const [asker] = [...resources(template, 'AWS::Lambda::Function').values()].filter(
      (lambda) => variableOf(lambda, 'MODERATION_FUNCTION') === ARN,
    );
    expect(asker && variableOf(asker, 'MODERATION_TIMEOUT_MS')).toBe('150');
    expect(asker && variableOf(asker, 'MODERATION_ON_TIMEOUT')).toBe('closed');
  });

  it('or the list of words that comes with Parley', async () => {
    const template = await synthesize({ moderationWords: 'darn,!slur' });
    const [id, lambda] =
      [...resources(template, 'AWS::Lambda::Function')].find(
        ([, one]) => variableOf(one, 'MODERATION_WORDS') !== undefined,
      ) ?? [];
    expect(lambda && variableOf(lambda, 'MODERATION_WORDS')).toBe('darn,!slur');
    expect(invocable(template)).toContain(`"${id}","Arn"`);
  });
});
