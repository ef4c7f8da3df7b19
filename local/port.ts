import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { EngineError, reasonOf } from './errors.ts';

/** The gateway's port, held until the gateway takes it, so that a stack can be told the number before it runs. */
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
}

/** @throws EngineError `port_taken` */
export async function takePort({ port = 0, host, server }: PortOptions): Promise<HeldPort> {
  const held = server?.listening ? server : await listen(port, host);
  const address = held.address();
  if (typeof address !== 'object' || address === null) {
    throw new EngineError('port_taken', 'unable to listen; the given server has no port');
  }
  return {
    number: address.port,
    ...(server ? { host: address.address } : host !== undefined && { host }),
    async giveUp() {
      if (!held.listening) return;
      held.close();
      await once(held, 'close');
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
