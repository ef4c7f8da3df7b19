import { describe, expect, it } from 'vitest';
import {
  type Citation,
  citedByComments,
  citedByTitles,
  faultsOf,
  promisesIn,
} from '../../scripts/check-promises.ts';

// Put together here, so that the check does not take these examples for tests of this project.
const promise = (number: number): string => `P${number}`;
const titles = (source: string): string[] =>
  citedByTitles('a.test.ts', source).map((citation) => citation.promise);
const comments = (source: string): string[] =>
  citedByComments('a.ts', source).map((citation) => citation.promise);
const cite = (file: string, ...numbers: number[]): Citation[] =>
  numbers.map((number) => ({ promise: promise(number), file }));

const PROMISES = new Map([1, 2, 3, 4, 5, 6, 7, 8, 9].map((number) => [promise(number), `promise ${number}`]));

describe('the check of promises', () => {
  it('reads the promises of the protocol', () => {
    const text = `Each has an id.\n\n- **${promise(1)} one order.** The events.\n- **${promise(2)} durable.** A reply\n`;
    expect([...promisesIn(text)]).toEqual([
      [promise(1), 'one order'],
      [promise(2), 'durable'],
    ]);
  });

  it('reads the titles of tests and suites, however they are made', () => {
    const source = `
      describe('${promise(1)} order', () => {
        it('${promise(2)} durable: x', () => {});
        it.each([1, 2])('${promise(3)} once: %i', () => {});
        it(\`${promise(4)} \${x}\`, () => {});
        itUnlessDeviating('frame-limit', '${promise(5)} resume', async () => {});
      });`;
    expect(titles(source)).toEqual([1, 2, 3, 4, 5].map(promise));
  });

  it('counts no test that never runs, and no other text', () => {
    const source = `
      it.skip('${promise(1)}', () => {});
      it.todo('${promise(2)}');
      say('${promise(3)}');
      it('x', () => say('${promise(4)}'));
      // it('${promise(5)}', () => {});`;
    expect(titles(source)).toEqual([]);
  });

  it('reads comments of code, and no names in it', () => {
    expect(comments(`/** Once only (${promise(3)}). */ const ${promise(7)} = 1; // ${promise(6)}`)).toEqual(
      [3, 6].map(promise),
    );
  });

  it('finds a promise without a test', () => {
    const faults = faultsOf(PROMISES, cite('a.test.ts', 1, 2, 3, 4, 6, 7, 8, 9), []);
    expect(faults).toEqual([`${promise(5)} (promise 5) has no test whose title cites it`]);
  });

  it('finds citations of what is no promise', () => {
    const faults = faultsOf(PROMISES, cite('a.test.ts', 1, 2, 3, 4, 5, 6, 7, 8, 9, 12), cite('b.ts', 0));
    expect(faults).toEqual([
      `a.test.ts cites ${promise(12)}, which is no promise`,
      `b.ts cites ${promise(0)}, which is no promise`,
    ]);
  });
});
