import { afterAll, describe, expect, it } from 'vitest';
import { changedSample, removeFolders, startSample } from './engine-helper.ts';
import { connect } from './gateway-helper.ts';

afterAll(removeFolders);

const SOCKETS = 200;
/** Ctrl-C shall be felt at once. */
const AT_MOST_MS = 1000;

describe('an engine that ends', () => {
  it('with two hundred open sockets, some just leaving, does so within a second and without a word', async () => {
    const assemblyDirectory = await changedSample(({ Resources }) => {
      Resources.Leave = {
        Type: 'AWS::ApiGatewayV2::Route',
        Properties: { ...Resources.WsRoute?.Properties, RouteKey: '$disconnect' },
      };
      delete Resources.WsPermission?.Properties.SourceArn;
    });
    const engine = await startSample({ assemblyDirectory, logLevel: 'warn' });
    const clients = await Promise.all(Array.from({ length: SOCKETS }, () => connect(engine.websocket)));
    expect(engine.metrics().connections).toBe(SOCKETS);
    // The clients hear the same Ctrl-C: events of theirs are under way, others wait.
    for (const { socket } of clients.slice(0, SOCKETS / 2)) {
      socket.send('{"action":"echo"}');
      socket.close();
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
    const from = engine.logs.length;
    const started = performance.now();
    await engine.close();
    expect(performance.now() - started).toBeLessThan(AT_MOST_MS);
    await Promise.all(clients.map(({ closed }) => closed));
    expect(engine.logs.slice(from).map(({ text }) => text)).toEqual([]);
  });
});
