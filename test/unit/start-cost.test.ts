import { expect, it } from 'vitest';
import { type Bill, costLine } from '../../scripts/start/cost.ts';

const BILL: Bill = {
  webSocketMessages: 12_345,
  httpRequests: 1,
  invocations: 4_000,
  billedMilliseconds: 61_499,
  writeUnits: 2_000,
  readUnits: 3_000,
  dollars: 0.01777,
  basis: 'us-east-1, list prices',
};

it('the last line says what AWS would have metered and what it would have cost', () => {
  expect(costLine(BILL)).toBe(
    'On AWS this run would have cost about $0.018: 12,345 WebSocket messages, 1 HTTP request, ' +
      '4,000 invocations of 61 seconds, about 2,000 write and 3,000 read units (us-east-1, list prices).',
  );
});

it.each([
  [0, 'less than $0.0001'],
  [0.000_09, 'less than $0.0001'],
  [0.000_123, 'about $0.00012'],
  [0.5, 'about $0.50'],
  [12.345, 'about $12.35'],
])('a cost of %d dollars is %s', (dollars, text) => {
  expect(costLine({ ...BILL, dollars })).toContain(`would have cost ${text}:`);
});
