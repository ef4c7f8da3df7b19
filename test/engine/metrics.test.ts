import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import type { EngineMetrics } from '../../local/engine.ts';
import { createCounters } from '../../local/gateway/counters.ts';
import { sumCounters, sumStatistics } from '../../local/gateway/front.ts';
import { makeBill } from '../../local/metrics/bill.ts';
import { CapacityMeter } from '../../local/metrics/capacity.ts';
import { eventually, removeFolders, type SampleEngine, startSample } from './engine-helper.ts';

const STATISTICS = {
  invocations: 0,
  errors: 0,
  timeouts: 0,
  throttles: 0,
  coldStarts: 0,
  billedMilliseconds: 0,
  environments: 0,
  running: 0,
  waiting: 0,
};

describe('GET /_local/metrics', () => {
  let engine: SampleEngine;
  beforeAll(async () => {
    engine = await startSample();
  });
  afterAll(async () => {
    await engine?.close();
    await removeFolders();
  });
  const read = async (): Promise<EngineMetrics> => {
    const response = await fetch(`${engine.http}/_local/metrics`);
    expect(response.headers.get('content-type')).toBe('application/json');
    return (await response.json()) as EngineMetrics;
  };

  it('counts connections, invocations, errors and every AWS call of each function', async () => {
    const before = await read();
    expect(before.connections).toBe(0);
    const socket = new WebSocket(engine.websocket);
    await once(socket, 'open');
    socket.send(JSON.stringify({ action: 'echo', text: 'x'.repeat(20_000) }));
    await once(socket, 'message');
    await engine.post('put', { pk: { S: 'a' }, sk: { S: 'E#1' } });
    await engine.post('put', { pk: { S: 'a' }, sk: { S: 'E#2' } });

    const after = await read();
    expect(after.connections).toBe(1);
    expect(after.gateways).toHaveLength(1);
    expect(after.gateways[0]).toMatchObject({ pid: process.pid, restarts: 0, counters: { messagesIn: 1 } });
    expect(after.invocations).toBeGreaterThanOrEqual(before.invocations + 3);
    expect(after.functions['Sample-Front']?.invocations).toBeGreaterThanOrEqual(2);
    expect(after.calls['Sample-Front']?.['dynamodb:PutItem']).toMatchObject({ calls: 2, errors: 0 });
    // Each mapping of a stream tells how far it is behind.
    await eventually(read, ({ iteratorAge }) => Object.values(iteratorAge).some((age) => age > 0));
    expect(Object.keys((await read()).iteratorAge).length).toBeGreaterThan(0);

    // The bill: a message in and one out, the requests but not this one, a unit for each small write.
    expect(after.bill.webSocketMessages - before.bill.webSocketMessages).toBe(2);
    expect(after.bill.httpRequests - before.bill.httpRequests).toBe(2);
    expect(after.bill.writeUnits - before.bill.writeUnits).toBeGreaterThanOrEqual(2);
    expect(after.bill.connectionMinutes).toBeGreaterThan(0);
    expect(after.bill.billedMilliseconds).toBeGreaterThan(before.bill.billedMilliseconds);
    expect(after.bill.dollars).toBeGreaterThan(before.bill.dollars);
    socket.close();
    const closed = await eventually(read, ({ connections }) => connections === 0);
    expect(closed.connections).toBe(0);
    expect(closed.bill.connectionMinutes).toBeGreaterThan(after.bill.connectionMinutes);
  });

  it('is the only such address, and never a route of the stack', async () => {
    const { invocations } = await read();
    expect((await fetch(`${engine.http}/_local/other`)).status).toBe(404);
    expect((await read()).invocations).toBe(invocations);
  });
});

const MILLION = { calls: 1_000_000, errors: 0, requestBytes: 0, responseBytes: 0 };

describe('the bill', () => {
  it('adds up what AWS meters at its list prices', () => {
    const counters = { ...createCounters(), meteredIn: 600_000, meteredOut: 400_000, httpRequests: 500_000 };
    const functions = { f: { ...STATISTICS, invocations: 1_000_000, billedMilliseconds: 2_000_000 } };
    const models = [{ name: 'f', memoryMegabytes: 512 }];
    const calls = {
      f: { 'sqs:SendMessage': MILLION, 'sns:Publish': MILLION },
    };
    const capacity = { writeUnits: 1_000_000, readUnits: 2_000_000 };
    const bill = makeBill({
      counters: { ...counters, connectionMilliseconds: 60_000 * 4_000_000 },
      functions,
      models,
      calls,
      capacity,
    });
    expect(bill).toMatchObject({
      webSocketMessages: 1_000_000,
      gigabyteSeconds: 1000,
      queueRequests: 1_000_000,
    });
    // Messages 1.00, minutes 1.00, requests 0.50, invocations 0.20, seconds 0.0133334, writes 0.625, reads 0.25, queue 0.40, topic 0.50.
    expect(bill.dollars).toBeCloseTo(4.4883334, 6);
  });

  it('estimates capacity from the sizes of calls', () => {
    const meter = new CapacityMeter();
    const count = (operation: string, requestBytes: number, responseBytes: number, status = 200) =>
      meter.count({ service: 'dynamodb', operation, caller: undefined }, status, requestBytes, responseBytes);
    count('PutItem', 100, 2);
    count('UpdateItem', 1025, 2);
    count('UpdateItem', 100, 100, 400);
    count('TransactWriteItems', 1000, 2);
    count('GetItem', 100, 2);
    count('Query', 100, 8193);
    count('Query', 100, 50, 400);
    count('PutItem', 100, 2, 500);
    meter.count({ service: 'sqs', operation: 'GetItem', caller: undefined }, 200, 1, 1);
    expect(meter.units).toEqual({ writeUnits: 1 + 2 + 1 + 2, readUnits: 1 + 3 });
  });
});

describe('several gateways', () => {
  it('are added up', () => {
    const one = { ...createCounters(), connections: 2, messagesIn: 3, posts: { 200: 4, 410: 1 } };
    const two = { ...createCounters(), connections: 1, messagesIn: 5, posts: { 200: 1 } };
    expect(sumCounters([one, two])).toMatchObject({
      connections: 3,
      messagesIn: 8,
      posts: { 200: 5, 410: 1 },
    });
    expect(one.posts).toEqual({ 200: 4, 410: 1 });
    const statistics = { ...STATISTICS, invocations: 2, errors: 1 };
    expect(sumStatistics([{ f: statistics }, { f: statistics, g: STATISTICS }])).toEqual({
      f: { ...STATISTICS, invocations: 4, errors: 2 },
      g: STATISTICS,
    });
  });
});
