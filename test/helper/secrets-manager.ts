/** One secret behind Secrets Manager's own wire protocol, for tests that need nothing else of it. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';

export interface SecretsManager {
  readonly endpoint: string;
  /** Operations asked for, in order. */
  readonly calls: string[];
  /** The current value. */
  value(): string | undefined;
  /** Puts a value without being asked over the wire. */
  set(value: string | undefined): void;
  /** Called before each operation is carried out; what it throws is answered as that exception with status 400. */
  before(hook: (operation: string) => void | Promise<void>): void;
  stop(): Promise<void>;
}

class Refusal extends Error {}

/** Starts it on a free port. Versions are kept by their client request token, as Secrets Manager does. */
export async function startSecretsManager(initial?: string): Promise<SecretsManager> {
  const versions = new Map<string, string>();
  const calls: string[] = [];
  let current: string | undefined;
  let hook: (operation: string) => void | Promise<void> = () => undefined;
  let placed = 0;

  function set(value: string | undefined): void {
    current = value === undefined ? undefined : `placed-${++placed}`;
    if (current !== undefined && value !== undefined) versions.set(current, value);
  }
  set(initial);

  function carryOut(operation: string, input: Record<string, unknown>): object {
    if (operation === 'GetSecretValue') {
      if (current === undefined) throw new Refusal('ResourceNotFoundException');
      return { Name: input.SecretId, SecretString: versions.get(current), VersionId: current };
    }
    if (operation !== 'PutSecretValue') throw new Refusal('InvalidRequestException');
    const token = String(input.ClientRequestToken);
    const value = String(input.SecretString);
    if (token.length < 32 || token.length > 64) throw new Refusal('InvalidParameterException');
    const before = versions.get(token);
    if (before !== undefined && before !== value) throw new Refusal('ResourceExistsException');
    versions.set(token, value);
    if (before === undefined) current = token;
    return { Name: input.SecretId, VersionId: token };
  }

  const server = createServer(async (request, response) => {
    const operation = String(request.headers['x-amz-target']).split('.')[1] ?? '';
    calls.push(operation);
    try {
      const input = JSON.parse(await bodyOf(request)) as Record<string, unknown>;
      await hook(operation);
      response.end(JSON.stringify(carryOut(operation, input)));
    } catch (error) {
      response.statusCode = 400;
      response.end(
        JSON.stringify({ __type: error instanceof Error ? error.message : 'InternalServiceError' }),
      );
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('unable to start; no address');

  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    calls,
    value: () => (current === undefined ? undefined : versions.get(current)),
    set,
    before: (next) => {
      hook = next;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}
