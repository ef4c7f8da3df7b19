/** What is known of the LocalStack-compatible endpoints that `npm run deploy:local` deploys to. */
import { CommandError } from '../command-error.ts';

/** Port that both listen on unless told otherwise. */
const DEFAULT_ENDPOINT = 'http://localhost:4566';

/** Time to answer a health check; an emulator on this machine takes milliseconds. */
const HEALTH_TIMEOUT_MS = 3_000;

export interface Emulator {
  readonly kind: 'ministack' | 'localstack';
  /** Base address, no slash at its end. */
  readonly endpoint: string;
}

/**
 * Finds out what answers at `AWS_ENDPOINT_URL`, `http://localhost:4566` by default.
 *
 * @throws {Error} where the address is none, nothing answers there, or what answers is no emulator.
 */
export async function findEmulator(
  address = process.env.AWS_ENDPOINT_URL ?? DEFAULT_ENDPOINT,
): Promise<Emulator> {
  if (!URL.canParse(address)) {
    throw new CommandError(
      'deploy',
      `AWS_ENDPOINT_URL ${address} is no address`,
      `The default is ${DEFAULT_ENDPOINT}.`,
    );
  }
  // An asset's bucket becomes a subdomain of a name, and subdomains of localhost resolve on some machines only.
  const endpoint = address.replace('//localhost', '//127.0.0.1').replace(/\/+$/, '');
  // LocalStack's path is answered by MiniStack too, so its own comes first.
  if (await answers(`${endpoint}/_ministack/health`)) return { kind: 'ministack', endpoint };
  if (await answers(`${endpoint}/_localstack/health`)) return { kind: 'localstack', endpoint };
  // All in one line: it is what a person sees who forgot to start it.
  throw new Error(
    `unable to deploy; ${address} does not answer: start LocalStack or MiniStack there (docker compose --profile ministack up), or set AWS_ENDPOINT_URL`,
  );
}

/** Context without which the stack would not deploy or work there. */
export function emulatorContext({ kind, endpoint }: Emulator): Record<string, string> {
  // Functions in LocalStack's containers reach it by its own name; MiniStack's run beside it.
  const inside =
    kind === 'localstack' ? endpoint.replace('//127.0.0.1', '//localhost.localstack.cloud') : endpoint;
  return {
    callbackUrl: `${inside}/_aws/execute-api/{api}/{stage}`,
    // MiniStack refuses CloudFront's origin access control, and LocalStack has CloudFront in paid plans only.
    website: 'false',
    // MiniStack knows no such resource, and sends a handler's body back without.
    ...(kind === 'ministack' && { routeResponses: 'false' }),
  };
}

export interface Addresses {
  readonly http: string;
  readonly websocket: string;
}

/** Where the two APIs answer on the emulator: the stack's own outputs name hosts that exist on AWS alone. */
export function emulatorAddresses(
  { kind, endpoint }: Emulator,
  outputs: Readonly<Record<string, string>>,
  stage: string,
): Addresses {
  const base = (api: string) =>
    kind === 'ministack'
      ? `${endpoint}/_aws/execute-api/${api}`
      : `http://${api}.execute-api.localhost.localstack.cloud:${new URL(endpoint).port}`;
  const http = base(outputs.HttpApiId ?? '');
  const websocket = `${base(outputs.WebSocketApiId ?? '').replace(/^http/, 'ws')}/${stage}`;
  return { http, websocket };
}

/** Whether there is a successful answer; a refused connection, a time-out and an error status are all none. */
async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
