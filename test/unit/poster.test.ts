import { once } from 'node:events';
import { createServer } from 'node:http';
import { beforeAll, expect, it } from 'vitest';
import { createPayload, createPoster } from '../../shared/delivery/poster.ts';

const poster = createPoster({ AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' });
const payload = createPayload('{}');
let freePort = 0;

beforeAll(async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  freePort = typeof address === 'object' && address ? address.port : 0;
  server.close();
  await once(server, 'close');
});

it.each(['127.0.0.1', 'localhost'])(
  'takes a refused connection to %s for the end of its sockets',
  async (host) => {
    const target = { connection: 'L0SM9cOFvHcCIhw=', callback: `http://${host}:${freePort}/dev` };
    expect(await poster.post(target, payload)).toBe('gone');
    expect(await poster.close(target)).toBe('gone');
  },
);

it('P4 tries again where another machine refuses the connection, as its sockets may live on', async () => {
  // An address of this machine that is not written as one.
  const target = { connection: 'L0SM9cOFvHcCIhw=', callback: `http://0.0.0.0:${freePort}/dev` };
  expect(await poster.post(target, payload)).toBe('again');
});

it('tries again where the process dies with the post in its hands, and finds it dead', async () => {
  const server = createServer((request) => request.socket.destroy()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const target = { connection: 'L0SM9cOFvHcCIhw=', callback: `http://127.0.0.1:${port}/dev` };
  expect(await poster.post(target, payload)).toBe('again');
  server.close();
  await once(server, 'close');
  expect(await poster.post(target, payload)).toBe('gone');
});
