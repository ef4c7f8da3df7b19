import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { Faults } from '../../local/faults/faults.ts';
import type { Fault } from '../../local/faults/plan.ts';
import { type GatewayBench, startGateway } from './gateway-helper.ts';

const AUTHORIZATION = 'AWS4-HMAC-SHA256 Credential=KEY/20261121/us-east-1/execute-api/aws4_request';
const CODE = {
  /** Tells its connection's id to whoever asks. */
  me: 'exports.handler = async (event) => ({ statusCode: 200, body: event.requestContext.connectionId });',
  end: 'let ends = 0; exports.handler = async (event) => event.count ? ends : (ends++, { statusCode: 200 });',
};

let bench: GatewayBench | undefined;
afterEach(() => bench?.close());

/** A gateway under one fault that always happens, with one client and what it hears. */
async function underFault(fault: Fault) {
  const faults = new Faults({ killDatabase() {} });
  faults.set({ seed: 1, faults: [fault] });
  bench = await startGateway({
    handlers: { me: { code: CODE.me }, end: { code: CODE.end } },
    webSocket: { $default: { function: 'me', routeResponse: true }, $disconnect: { function: 'end' } },
    options: { authorize: faults.post, loseDisconnect: faults.losesDisconnect },
  });
  const { ws, callback, lambda } = bench;
  const socket = new WebSocket(ws);
  const heard: string[] = [];
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  await new Promise((resolve) => socket.once('open', resolve));
  const id = await new Promise<string>((resolve) => {
    socket.once('message', (data) => resolve(String(data)));
    socket.send('who am I');
  });
  socket.on('message', (data) => heard.push(String(data)));
  const post = (body: string, patience = 5_000) =>
    fetch(callback(id), {
      method: 'POST',
      body,
      headers: { authorization: AUTHORIZATION },
      signal: AbortSignal.timeout(patience),
    }).then(({ status }) => status);
  const ends = async () => {
    const outcome = await lambda.invoke('end', { count: true }, 'RequestResponse');
    return outcome.ok ? outcome.payload : undefined;
  };
  return { faults, socket, heard, closed, post, ends };
}

describe('a post under faults', () => {
  it('of a connection that is declared gone is 410, and the connection is closed', async () => {
    const { closed, post, heard } = await underFault({ kind: 'post', answer: 'gone', probability: 1 });
    expect(await post('hello')).toBe(410);
    expect(await closed).toBe(1001);
    expect(heard).toEqual([]);
  });

  it.each<['throttled' | 'failure', number]>([
    ['throttled', 429],
    ['failure', 500],
  ])('is %s, and nothing is sent', async (answer, status) => {
    const { faults, post, heard } = await underFault({ kind: 'post', answer, probability: 1, count: 1 });
    expect(await post('hello')).toBe(status);
    expect(await post('again')).toBe(200);
    await expect.poll(() => heard).toEqual(['again']);
    expect(faults.counts()).toEqual([{ kind: 'post', happened: 1 }]);
  });

  it('has its answer lost: it is sent, and fails', async () => {
    const { post, heard } = await underFault({ kind: 'post', answer: 'lost', probability: 1 });
    expect(await post('hello')).toBe(500);
    await expect.poll(() => heard).toEqual(['hello']);
  });

  it('hangs', async () => {
    const { post } = await underFault({ kind: 'post', answer: 'hang', probability: 1 });
    await expect(post('hello', 300)).rejects.toThrow(/timeout/i);
  });
});

describe('the end', () => {
  it('of a connection whose end is not told runs no $disconnect', async () => {
    const { socket, closed, ends, faults } = await underFault({
      kind: 'lose-disconnect',
      probability: 1,
      count: 1,
    });
    socket.close();
    await closed;
    await expect.poll(() => faults.counts()).toEqual([{ kind: 'lose-disconnect', happened: 1 }]);
    expect(await ends()).toBe(0);
  });
});
