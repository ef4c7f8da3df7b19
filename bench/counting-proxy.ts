import { createServer, type IncomingMessage, type Server } from 'node:http';

/** A call to the database as a proxy saw it; times in ms of `performance.now()`. */
export interface SeenCall {
  readonly operation: string;
  readonly from: number;
  readonly to: number;
}

/** A proxy in front of a database that writes down every call and holds each answer back, so that calls made at once overlap. */
export interface CountingProxy {
  readonly url: string;
  /** The calls since the last time it was asked, in the order in which they came. */
  take(): SeenCall[];
  close(): Promise<void>;
}

/** @param hold how long each answer is held back, ms */
export async function startCountingProxy(target: string, hold: number): Promise<CountingProxy> {
  let seen: SeenCall[] = [];
  const server = createServer(async (request, response) => {
    const from = performance.now();
    const operation = String(request.headers['x-amz-target'] ?? '').replace(/^.*\./, '');
    const answer = await fetch(target, {
      method: 'POST',
      headers: forwarded(request),
      body: await bodyOf(request),
    });
    const body = await answer.text();
    await new Promise((resolve) => setTimeout(resolve, hold));
    seen.push({ operation, from, to: performance.now() });
    response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.0' }).end(body);
  });
  const url = await listen(server);
  return {
    url,
    take() {
      const taken = seen;
      seen = [];
      return taken.sort((a, b) => a.from - b.from);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function forwarded(request: IncomingMessage): Record<string, string> {
  const names = ['content-type', 'x-amz-target', 'x-amz-date', 'authorization', 'x-amz-security-token'];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = request.headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') return reject(new Error('unable to listen'));
      resolve(`http://127.0.0.1:${address.port}`);
    });
  });
}

/** How many calls had to wait for one another: the longest chain in which each began after the one before had ended. */
export function roundsOf(calls: readonly SeenCall[]): number {
  const byEnd = [...calls].sort((a, b) => a.to - b.to);
  let rounds = 0;
  let end = Number.NEGATIVE_INFINITY;
  for (const call of byEnd) {
    if (call.from < end) continue;
    rounds += 1;
    end = call.to;
  }
  return rounds;
}
