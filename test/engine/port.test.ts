import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { expect, it } from 'vitest';
import { takePorts } from '../../local/port.ts';

it.each([
  ['a port of its own', undefined],
  ['that of a server that listens already', createServer()],
])(
  'turns away who knocks before the gateway is there, and gives the port up at once: %s',
  async (_, server) => {
    if (server) await once(server.listen(0, '127.0.0.1'), 'listening');
    const [port] = await takePorts({ host: '127.0.0.1', ...(server && { server }) });
    const socket = connect(port?.number ?? 0, '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'close');
    const knocking = connect(port?.number ?? 0, '127.0.0.1');
    knocking.on('error', () => undefined);
    await once(knocking, 'connect');
    await port?.giveUp();
    const next = createServer();
    await once(next.listen(port?.number, '127.0.0.1'), 'listening');
    expect(next.listening).toBe(true);
    next.close();
  },
  5_000,
);
