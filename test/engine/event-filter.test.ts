import { describe, expect, it } from 'vitest';
import { compileFilters, PatternError } from '../../local/streams/filter.ts';

const record = {
  eventName: 'MODIFY',
  dynamodb: {
    Keys: { pk: { S: 'ROOM#general' }, sk: { S: 'HEAD' } },
    NewImage: { op: { S: 'append' }, n: { N: '12' }, tags: ['red', 'green'] },
  },
  size: 12.5,
  nothing: null,
  empty: '',
};

describe('an event pattern', () => {
  it.each([
    ['equality', { eventName: ['INSERT', 'MODIFY'] }, true],
    ['equality with another value', { eventName: ['REMOVE'] }, false],
    ['nested equality', { dynamodb: { NewImage: { op: { S: ['append'] } } } }, true],
    ['equality with what is not there', { dynamodb: { NewImage: { op: { N: ['1'] } } } }, false],
    ['all of several fields', { eventName: ['MODIFY'], dynamodb: { Keys: { sk: { S: ['HEAD'] } } } }, true],
    [
      'one of several fields failing',
      { eventName: ['INSERT'], dynamodb: { Keys: { sk: { S: ['HEAD'] } } } },
      false,
    ],
    ['null', { nothing: [null] }, true],
    ['null against a value', { eventName: [null] }, false],
    ['the empty text', { empty: [''] }, true],
    ['prefix', { dynamodb: { Keys: { pk: { S: [{ prefix: 'ROOM#' }] } } } }, true],
    ['prefix that is none', { dynamodb: { Keys: { pk: { S: [{ prefix: 'USER#' }] } } } }, false],
    ['suffix', { dynamodb: { Keys: { pk: { S: [{ suffix: '#general' }] } } } }, true],
    ['equality without case', { eventName: [{ 'equals-ignore-case': 'modify' }] }, true],
    ['exists', { dynamodb: { NewImage: { op: { S: [{ exists: true }] } } } }, true],
    ['exists on an object, which is no leaf', { dynamodb: { NewImage: [{ exists: true }] } }, false],
    ['exists not', { userIdentity: { type: [{ exists: false }] } }, true],
    ['exists not, where it does', { eventName: [{ exists: false }] }, false],
    ['anything but a list', { eventName: [{ 'anything-but': ['REMOVE'] }] }, true],
    ['anything but one value', { eventName: [{ 'anything-but': 'MODIFY' }] }, false],
    ['anything but a prefix', { eventName: [{ 'anything-but': { prefix: 'RE' } }] }, true],
    ['anything but, where nothing is', { missing: [{ 'anything-but': ['x'] }] }, false],
    ['a number in a range', { size: [{ numeric: ['>', 10, '<=', 12.5] }] }, true],
    ['a number out of a range', { size: [{ numeric: ['>', 12.5] }] }, false],
    [
      'a number as text is no number',
      { dynamodb: { NewImage: { n: { N: [{ numeric: ['=', 12] }] } } } },
      false,
    ],
    ['a list with one match', { dynamodb: { NewImage: { tags: ['green', 'blue'] } } }, true],
    ['$or', { $or: [{ eventName: ['REMOVE'] }, { size: [12.5] }] }, true],
    ['$or with no match', { $or: [{ eventName: ['REMOVE'] }, { size: [1] }] }, false],
  ])('decides %s', (_name, pattern, expected) => {
    expect(compileFilters([pattern])(record)).toBe(expected);
  });

  it('lets through what any of several patterns lets through', () => {
    const matches = compileFilters([{ eventName: ['REMOVE'] }, { eventName: ['MODIFY'] }]);
    expect(matches(record)).toBe(true);
    expect(matches({ eventName: 'INSERT' })).toBe(false);
  });

  it('lets everything through where there is none', () => {
    expect(compileFilters([])(record)).toBe(true);
  });

  it.each([
    [{ eventName: 'INSERT' }, /eventName must be an object/],
    [{ a: { b: [{ like: 'x' }] } }, /a\.b has a rule that is not known/],
    [{ a: [{ numeric: ['>'] }] }, /a has a numeric rule/],
    [{ a: [{ numeric: ['~', 1] }] }, /without sense/],
    [{ a: [{ prefix: 'x', suffix: 'y' }] }, /not known/],
    // Topics have these, mappings have not.
    [{ a: [{ wildcard: 'x*' }] }, /not known/],
    [{ a: [{ cidr: '10.0.0.0/8' }] }, /not known/],
  ])('%o is refused', (pattern, reason) => {
    expect(() => compileFilters([pattern])).toThrow(PatternError);
    expect(() => compileFilters([pattern])).toThrow(reason);
  });
});
