import { describe, expect, it } from 'vitest';
import { compilePolicy } from '../../local/topics/filter-policy.ts';
import type { MessageAttributes, Notification } from '../../local/topics/notification.ts';

function message(attributes: MessageAttributes, text = 'hello'): Notification {
  return { messageId: 'm', topicArn: 't', textFor: () => text, timestamp: '', attributes };
}

const ATTRIBUTES: MessageAttributes = {
  kind: { DataType: 'String', StringValue: 'created' },
  price: { DataType: 'Number', StringValue: '100.50' },
  precise: { DataType: 'Number.int', StringValue: '7' },
  formula: { DataType: 'String', StringValue: 'a*b.c\\d' },
  source: { DataType: 'String', StringValue: '10.0.255.1' },
  source6: { DataType: 'String', StringValue: '2001:db8::1' },
  tags: { DataType: 'String.Array', StringValue: '["red", "blue", 3, null]' },
  bytes: { DataType: 'Binary', BinaryValue: 'AAAA' },
};

const passes = (policy: Record<string, unknown>, attributes = ATTRIBUTES) =>
  compilePolicy(policy, 'MessageAttributes')(message(attributes), 'sqs');

describe('a filter policy on attributes', () => {
  it.each([
    [{ kind: ['created', 'deleted'] }],
    [{ kind: [{ prefix: 'cre' }], price: [{ numeric: ['=', 100.5] }] }],
    [{ kind: [{ suffix: 'ted' }] }],
    [{ kind: [{ 'equals-ignore-case': 'CREATED' }] }],
    [{ kind: [{ 'anything-but': ['deleted', 'updated'] }] }],
    [{ kind: [{ 'anything-but': { prefix: 'up' } }] }],
    [{ price: [100.5] }],
    [{ precise: [{ numeric: ['>', 5, '<', 8] }] }],
    [{ kind: [{ wildcard: 'cr*te*' }] }],
    [{ kind: [{ wildcard: ['x*', '*ed'] }] }],
    [{ kind: [{ 'anything-but': { wildcard: '*x*' } }] }],
    [{ formula: [{ wildcard: 'a\\*b.c\\\\*' }] }],
    [{ source: [{ cidr: '10.0.0.0/8' }] }],
    [{ source6: [{ cidr: '2001:db8::/32' }] }],
    [{ tags: ['blue'] }],
    [{ tags: [3] }],
    [{ tags: [{ 'anything-but': 'red' }] }],
    [{ missing: [{ exists: false }] }],
    [{ kind: [{ exists: true }] }],
    [{ $or: [{ kind: ['deleted'] }, { price: [{ numeric: ['>', 100] }] }] }],
  ])('%o lets the message through', (policy) => expect(passes(policy)).toBe(true));

  it.each([
    [{ kind: ['Created'] }],
    [{ kind: ['created'], price: [1] }],
    [{ price: ['100.50'] }],
    [{ kind: [{ numeric: ['>', 0] }] }],
    [{ kind: [{ wildcard: 'cr*t' }] }],
    [{ kind: [{ wildcard: 'cre.*' }] }],
    [{ formula: [{ wildcard: 'a\\*b-c*' }] }],
    [{ price: [{ wildcard: '*' }] }],
    [{ source: [{ cidr: '10.1.0.0/16' }] }],
    [{ source: [{ cidr: '::/0' }] }],
    [{ kind: [{ cidr: '0.0.0.0/0' }] }],
    [{ tags: ['green'] }],
    [{ missing: [{ 'anything-but': 'x' }] }],
    [{ kind: [{ exists: false }] }],
    [{ bytes: ['AAAA'] }],
    [{ $or: [{ kind: ['deleted'] }, { price: [1] }] }],
  ])('%o keeps it back', (policy) => expect(passes(policy)).toBe(false));

  it('lets everything through where there is none', () => {
    expect(compilePolicy(undefined, 'MessageAttributes')(message({}), 'sqs')).toBe(true);
  });

  it.each([
    [{ a: [{ wildcard: 'x**' }] }],
    [{ a: [{ wildcard: 'x\\y' }] }],
    [{ a: [{ wildcard: 7 }] }],
    [{ a: [{ cidr: '10.0.0.0' }] }],
    [{ a: [{ cidr: '10.0.0.0/33' }] }],
    [{ a: [{ like: 'x' }] }],
    [{ a: 'text' }],
  ])('%o can’t be read', (policy) =>
    expect(() => passes(policy)).toThrow(/unable to read an event pattern; a/),
  );
});

describe('a filter policy on the body', () => {
  const through = (policy: Record<string, unknown>, text: string) =>
    compilePolicy(policy, 'MessageBody')(message({}, text), 'sqs');

  it('looks into its JSON, however deep', () => {
    const policy = { room: { kind: ['public'] }, size: [{ numeric: ['<', 5] }] };
    expect(through(policy, '{"room":{"kind":"public"},"size":4}')).toBe(true);
    expect(through(policy, '{"room":{"kind":"private"},"size":4}')).toBe(false);
  });

  it('keeps back what is no JSON object', () => {
    expect(through({ a: [{ exists: false }] }, 'hello')).toBe(false);
    expect(through({ a: [{ exists: false }] }, '7')).toBe(false);
    expect(through({ a: [{ exists: false }] }, '{}')).toBe(true);
  });
});
