/** A stand-in for API Gateway's `@connections`: a real HTTP server that notes every call and answers as a test decides. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';

export interface CallbackCall {
  readonly method: string;
  readonly connection: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The path as it came, still encoded. */
  readonly path: string;
}

/** The status to answer with; `hang`: no answer at all; after so many milliseconds. */
export type Behaviour = number | 'hang' | { readonly status: number; readonly afterMs: number };

export interface CallbackApi {
  /** Base address, as a connection's `callback`. */
  readonly url: string;
  /** Every call so far, in the order of arrival. */
  readonly calls: CallbackCall[];
  /** Decides the answers from now on; 200 until then. `tries` counts this connection's calls of the method, from 1. */
  behave(decide: (call: CallbackCall, tries: number) => Behaviour): void;
  /** The events that a connection was sent with success, frame by frame. */
  frames(connection: string): { readonly room: string; readonly seqs: number[] }[];
  /** The numbers of the events that a connection was sent with success, in order. */
  seqs(connection: string, room?: string): number[];
  /** Most calls that were open at the same time. */
  readonly mostAtOnce: number;
  stop(): Promise<void>;
}

export async function startCallbackApi(): Promise<CallbackApi> {
  const calls: CallbackCall[] = [];
  const succeeded = new Set<CallbackCall>();
  const tries = new Map<string, number>();
  let decide: (call: CallbackCall, tries: number) => Behaviour = () => 200;
  let open = 0;
  let most = 0;

  const server = createServer(async (request, response) => {
    open++;
    most = Math.max(most, open);
    response.on('close', () => open--);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = request.url ?? '';
    const call = {
      method: request.method ?? '',
      connection: decodeURIComponent(path.slice(path.lastIndexOf('/') + 1)),
      body: Buffer.concat(chunks).toString(),
      headers: request.headers,
      path,
    };
    const key = `${call.method} ${call.connection}`;
    tries.set(key, (tries.get(key) ?? 0) + 1);
    calls.push(call);
    answer(call, decide(call, tries.get(key) ?? 1), response);
  });

  function answer(call: CallbackCall, behaviour: Behaviour, response: ServerResponse): void {
    if (behaviour === 'hang') return;
    if (typeof behaviour === 'object') {
      setTimeout(() => answer(call, behaviour.status, response), behaviour.afterMs);
      return;
    }
    if (behaviour < 300) succeeded.add(call);
    response.writeHead(behaviour).end();
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;

  const frames = (connection: string) =>
    calls
      .filter((call) => succeeded.has(call) && call.method === 'POST' && call.connection === connection)
      .map((call) => JSON.parse(call.body))
      .filter((frame) => frame.type === 'events')
      .map(({ room, events }) => ({ room, seqs: events.map(({ seq }: { seq: number }) => seq) }));

  return {
    url: `http://127.0.0.1:${port}/dev`,
    calls,
    behave: (next) => {
      decide = next;
    },
    frames,
    seqs: (connection, room) =>
      frames(connection)
        .filter((frame) => room === undefined || frame.room === room)
        .flatMap(({ seqs }) => seqs),
    get mostAtOnce() {
      return most;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
