import type { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { TELLING_MS } from '../../shared/chat/presence-state.ts';
import { connectionKeys } from '../../shared/data/keys.ts';
import { room, user } from '../helper/chat.ts';
import { property, type Resource, resources, synthesize } from './stack.ts';

let template: Template;
beforeAll(async () => {
  template = await synthesize();
});

const pathOf = (resource: Resource): string => resource.Metadata?.['aws:cdk:path'] ?? '';

describe('the reader of the Connections stream', () => {
  const mappings = (): Resource[] => {
    const [connections] = [...resources(template, 'AWS::DynamoDB::Table')].find(([, table]) =>
      /\/Connections\//.test(pathOf(table)),
    ) ?? [''];
    const stream = JSON.stringify({ 'Fn::GetAtt': [connections, 'StreamArn'] });
    return [...resources(template, 'AWS::Lambda::EventSourceMapping').values()].filter(
      ({ Properties }) => JSON.stringify(Properties.EventSourceArn) === stream,
    );
  };

  it('is one, and takes what comes or goes, and who joined while connected; nothing that a command writes', () => {
    expect(mappings()).toHaveLength(1);
    const [mapping] = mappings();
    const filters = property(mapping as Resource, 'FilterCriteria', 'Filters') as { Pattern: string }[];
    expect(filters.map(({ Pattern }) => JSON.parse(Pattern))).toEqual([
      {
        eventName: ['INSERT', 'REMOVE'],
        dynamodb: { Keys: { pk: { S: [{ prefix: 'USER#' }] }, sk: { S: [{ prefix: 'CONN#' }] } } },
      },
      {
        eventName: ['REMOVE'],
        dynamodb: { Keys: { pk: { S: [{ prefix: 'CONN#' }] }, sk: { S: ['CONN'] } } },
      },
      {
        eventName: ['INSERT', 'MODIFY'],
        dynamodb: { Keys: { pk: { S: [{ prefix: 'SUBS#' }] } }, NewImage: { joined: { BOOL: [true] } } },
      },
    ]);
    // The names in the filters are those of the keys.
    const [alice, general] = [user('alice'), room('general')];
    expect(connectionKeys.userConnection(alice, 'c')).toEqual({ pk: 'USER#alice', sk: 'CONN#c' });
    expect(connectionKeys.connection('c')).toEqual({ pk: 'CONN#c', sk: 'CONN' });
    expect(connectionKeys.subscription(general, 0, 'c').pk).toMatch(/^SUBS#/);
    // Its own writes must not come back to it.
    expect(connectionKeys.presence(alice).sk).not.toMatch(/^CONN#/);
  });

  it('has less time than a change may be untold', () => {
    for (const one of resources(template, 'AWS::Lambda::Function').values()) {
      if (!/^Parley-dev\/Presence\//.test(pathOf(one))) continue;
      expect(Number(one.Properties.Timeout) * 1_000).toBeLessThan(TELLING_MS);
    }
  });

  it('waits for the grace that the context says', async () => {
    const functions = resources(await synthesize({ presenceGraceSeconds: 30 }), 'AWS::Lambda::Function');
    const graces = [...functions.values()].flatMap(
      (one) =>
        (property(one, 'Environment', 'Variables') as Record<string, unknown> | undefined)
          ?.PRESENCE_GRACE_SECONDS ?? [],
    );
    expect(graces).toEqual(['30', '30']);
  });
});
