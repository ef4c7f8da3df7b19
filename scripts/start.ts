/** `npm start`: builds the handlers, synthesizes the stack, runs it on this machine, and says how to talk to it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BuildFailure, stop as endBundler } from 'esbuild';
import { build } from './build.ts';
import { CommandError, printFailure } from './command-error.ts';
import { type Addresses, banner, demoLines } from './start/banner.ts';
import { type Bill, costLine } from './start/cost.ts';
import { createDemo, type DemoUser } from './start/demo.ts';
import { parseOptions, type StartOptions, USAGE } from './start/options.ts';
import { openPage } from './start/page.ts';
import { synthesize } from './start/synthesize.ts';
import { watchFunctions } from './start/watch.ts';
import { watchPage } from './start/watch-page.ts';

type EngineModule = typeof import('../local/engine.ts');
type EngineOptions = Parameters<EngineModule['startEngine']>[0];

/** What the engine takes besides the stack: limits that tests shorten. */
export type EngineExtras = Omit<EngineOptions, 'assemblyDirectory' | 'server' | 'furtherServers'>;

export interface RunningParley {
  /** `http://127.0.0.1:<port>`, without `/api`. */
  readonly http: string;
  /** `ws://127.0.0.1:<port>/ws`. */
  readonly websocket: string;
  /** Of every gateway, the first of which is the one above. */
  readonly gateways: readonly Addresses[];
  /** Whether the web app is served at the root of each. */
  readonly hasPage: boolean;
  /** Endpoint of the AWS services that the stack runs on: `AWS_ENDPOINT_URL` of a command that is to reach them. */
  readonly aws: string;
  readonly users: readonly DemoUser[];
  /** What AWS would have metered so far. */
  bill(): Bill;
  /** Ends everything that was started. */
  close(): Promise<void>;
}

const ROOT = join(import.meta.dirname, '..');

/**
 * Starts the whole service on this machine.
 *
 * @throws {CommandError} with what to do about it, where the port is taken, the stack does not synthesize or the engine
 *   can't run it. Nothing is left running then.
 */
export async function startParley(
  options: StartOptions,
  extras: Partial<EngineExtras> = {},
): Promise<RunningParley> {
  const servers = await takePorts(options);
  const assemblyDirectory = await mkdtemp(join(tmpdir(), 'parley-'));
  let closeEngine = async () => {};
  const close = async () => {
    await closeEngine();
    await closeServers(servers);
    await rm(assemblyDirectory, { recursive: true, force: true });
  };
  try {
    await buildHandlers();
    await synthesize(assemblyDirectory, {
      ...browserContext(servers),
      // What would not be shown need not be written.
      logLevel: options.log,
      ...options.context,
    });
    const [server, ...furtherServers] = servers;
    const { startEngine, AWS_LIMITS } = await loadEngine();
    const engine = await startEngine({
      ...extras,
      assemblyDirectory,
      ...(server && { server }),
      furtherServers,
      logLevel: options.log,
      ...(options.limits && { accountLimits: AWS_LIMITS }),
      ...(options.data === undefined ? {} : { dataDirectory: options.data }),
    });
    closeEngine = () => engine.close();
    const users = options.demo ? await createDemo(engine.http) : [];
    const { WebsiteBucket: bucket } = engine.outputs;
    const { storageEndpoint } = engine;
    const page = bucket === undefined ? undefined : await openPage({ storageEndpoint, bucket, users });
    // The demo shall stand before anything falls.
    if (options.faults) engine.faults.set(options.faults);
    if (options.watch) {
      const watching = await watchFunctions({
        root: ROOT,
        functions: engine.model.functions,
        directory: join(assemblyDirectory, 'watch'),
        replace: engine.replace,
        tell: (text) => console.error(text),
      });
      const endPage = page && watchPage({ root: ROOT, page, tell: (text) => console.error(text) });
      closeEngine = async () => {
        await Promise.all([watching.close(), endPage?.()]);
        await engine.close();
      };
    }
    const { http, websocket, gateways } = engine;
    const aws = engine.awsEndpoint;
    return {
      http,
      websocket,
      gateways,
      hasPage: page !== undefined,
      aws,
      users,
      bill: () => engine.metrics().bill,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function buildHandlers(): Promise<void> {
  try {
    await build();
  } catch (error) {
    const { message, errors } = error as Partial<BuildFailure>;
    if (!errors) throw error;
    throw new CommandError('build the handlers', message ?? '', 'Correct the source, and start again.', {
      cause: error,
    });
  }
}

/** The page is served from the same ports: their own origins may open sockets unless the user says otherwise. */
function browserContext(servers: readonly Server[]): Record<string, string> {
  const origins = servers.flatMap((server) =>
    ['localhost', '127.0.0.1'].map((host) => `http://${host}:${portOf(server)}`),
  );
  return { allowedOrigins: origins.join(',') };
}

/** Takes the ports before the slow work: a taken one is told at once, and the stack may be told the numbers. */
async function takePorts({ port, gateways }: StartOptions): Promise<Server[]> {
  const servers: Server[] = [];
  try {
    for (let index = 0; index < gateways; index++) {
      servers.push(await listen(port === 0 ? 0 : port + index));
    }
    return servers;
  } catch (error) {
    await closeServers(servers);
    throw error;
  }
}

async function closeServers(servers: readonly Server[]): Promise<void> {
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
}

async function listen(port: number): Promise<Server> {
  // Who comes before all is ready is turned away, as where nobody listens, and comes again.
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason = error.code === 'EADDRINUSE' ? `port ${port} is taken` : error.message;
      const remedy = 'Choose another with --port, or let --port 0 pick a free one.';
      reject(new CommandError('start', reason, remedy, { cause: error }));
    });
    server.listen(port, '127.0.0.1', resolve);
  });
  server.removeAllListeners('error');
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

async function loadEngine(): Promise<EngineModule> {
  return import(pathToFileURL(join(ROOT, 'dist/local/engine.js')).href);
}

async function main(): Promise<void> {
  const started = performance.now();
  const options = parseOptions(process.argv.slice(2));
  if (options === 'help') {
    console.log(USAGE);
    return;
  }
  console.error('Building the handlers, synthesizing the stack, starting the engine …');
  const starting = startParley(options);
  endOnSignal(starting);
  const parley = await starting;
  // A process of its own, a hundred megabytes that have no more to do; what watches has it start again.
  if (!options.watch) await endBundler();
  if (options.json) {
    const { http, websocket, gateways, aws } = parley;
    process.stdout.write(`${JSON.stringify({ http, websocket, gateways, aws })}\n`);
    return;
  }
  const gateways = parley.gateways.map(({ http, websocket }) => ({
    http: named(http),
    websocket: named(websocket),
  }));
  const seconds = (performance.now() - started) / 1000;
  console.log(banner({ gateways, aws: named(parley.aws), page: parley.hasPage }, parley.users, seconds));
  if (parley.users.length > 0 && process.stdin.isTTY) printFreshLines(gateways);
}

/** The address as a person would type it. */
function named(address: string): string {
  return address.replace('127.0.0.1', 'localhost');
}

/** Enter prints the lines again with tokens that are good for another fifteen minutes. */
function printFreshLines(gateways: readonly Addresses[]): void {
  process.stdin.on('data', async () => {
    try {
      console.log(demoLines(gateways, await createDemo(gateways[0]?.http ?? '')).join('\n'));
    } catch (error) {
      printFailure(error);
    }
  });
}

/** Ends everything on Ctrl-C, also where it comes before the service is ready. */
function endOnSignal(starting: Promise<RunningParley>): void {
  let ending = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, async () => {
      // A second Ctrl-C means now.
      if (ending) process.exit(1);
      ending = true;
      await starting
        .then(async (parley) => {
          console.error(`\n${costLine(parley.bill())}`);
          await parley.close();
        })
        .catch(() => {});
      process.exit(0);
    });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  main().catch((error: unknown) => {
    printFailure(error);
    process.exit(1);
  });
}
