import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { EngineError, reasonOf } from './errors.ts';

/** A gateway's port, held until the gateway takes it, so that a stack can be told the number before it runs. */
export interface HeldPort {
  readonly number: number;
  readonly host?: string;
  giveUp(): Promise<void>;
}

export interface PortOptions {
  readonly port?: number;
  readonly host?: string;
  /** A server that listens already. */
  readonly server?: Server;
  /** More of them, one for each further gateway. */
  readonly furtherServers?: readonly Server[];
}

/**
 * @returns the ports of the servers given, one at least
 * @throws EngineError `port_taken`
 */
export async function takePorts({
  port = 0,
  host,
  server,
  furtherServers = [],
}: PortOptions): Promise<HeldPort[]> {
  const first = server?.listening ? held(server) : held(await listen(port, host), host);
  return [first, ...furtherServers.map((further) => held(further))];
}

function held(server: Server, host?: string): HeldPort {
  // Who knocks before the gateway is there comes again; kept waiting, the socket would keep the port from being given up.
  server.on('connection', (socket) => socket.destroy());
  const address = server.address();
  if (typeof address !== 'object' || address === null) {
    throw new EngineError('port_taken', 'unable to listen; the given server has no port');
  }
  const bound = host ?? (address.address === '::' ? undefined : address.address);
  return {
    number: address.port,
    ...(bound !== undefined && { host: bound }),
    async giveUp() {
      if (!server.listening) return;
      server.close();
      await once(server, 'close');
    },
  };
}

async function listen(port: number, host: string | undefined): Promise<Server> {
  const server = createServer();
  try {
    server.listen({ port, ...(host !== undefined && { host }) });
    await once(server, 'listening');
    return server;
  } catch (error) {
    const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    const reason = taken ? `port ${port} is taken` : reasonOf(error);
    throw new EngineError('port_taken', `unable to listen; ${reason}`);
  }
}
