/**
 * One Lambda execution environment: the entry of a worker thread that loads a function's module once and then runs one
 * event at a time through it. It follows Lambda's own runtime for Node.js (github.com/aws/aws-lambda-nodejs-runtime-interface-client):
 * loading, error payloads, the exits after an unhandled error or rejection, and the context object.
 *
 * Between two events the thread sleeps in `Atomics.wait`, so that nothing in it moves: no timer fires, no socket is read, no
 * promise goes on, as in Lambda's frozen environments.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { installClock, setClock } from './clock.ts';
import { errorPayload, UnhandledPromiseRejection, UnsettledHandler } from './environment-errors.ts';
import { captureOutput } from './environment-output.ts';
import { loadHandler } from './load-handler.ts';
import type { EnvironmentData, EnvironmentMessage, EventMessage } from './messages.ts';

/** Exit codes of Lambda's runtime after an unhandled rejection and an uncaught exception. */
const EXIT_UNHANDLED_REJECTION = 128;
const EXIT_UNCAUGHT_EXCEPTION = 129;

const port = parentPort;
if (!port) throw new Error('unable to start an execution environment; this module runs in a worker thread');
const data = workerData as EnvironmentData;
const wake = new Int32Array(data.wake);

let requestId: string | undefined;
/** Settles the event at hand when the event loop ran empty although its promise is pending. */
let loopEmpty: (() => void) | undefined;

const post = (message: EnvironmentMessage) => port.postMessage(message);

captureOutput(post, () => requestId);

function fatal(error: unknown, code: number): void {
  post({ kind: 'fatal', error: errorPayload(error) });
  process.exit(code);
}
process.on('uncaughtException', (error) => fatal(error, EXIT_UNCAUGHT_EXCEPTION));
process.on('unhandledRejection', (reason) =>
  fatal(new UnhandledPromiseRejection(reason), EXIT_UNHANDLED_REJECTION),
);
process.on('beforeExit', () => loopEmpty?.());

/** Sleeps, with all that belongs to this environment, until the engine has posted an event. */
function freezeUntilEvent(): EventMessage {
  for (;;) {
    const received = receiveMessageOnPort(port as NonNullable<typeof port>);
    if (received) return received.message as EventMessage;
    Atomics.wait(wake, 0, 0);
    Atomics.store(wake, 0, 0);
  }
}

function contextOf(message: EventMessage): Record<string, unknown> {
  return {
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: undefined,
    identity: undefined,
    invokedFunctionArn: data.functionArn,
    awsRequestId: message.requestId,
    getRemainingTimeInMillis: () => message.deadline - Date.now(),
  };
}

async function run(handler: (event: unknown, context: unknown) => unknown, message: EventMessage) {
  requestId = message.requestId;
  process.env._X_AMZN_TRACE_ID = message.traceId;
  const unsettled = new Promise<never>((_, reject) => {
    loopEmpty = () => reject(new UnsettledHandler());
  });
  try {
    const result = await Promise.race([handler(JSON.parse(message.event), contextOf(message)), unsettled]);
    post({ kind: 'result', requestId, payload: serialized(result) });
  } catch (error) {
    post({ kind: 'error', requestId, error: errorPayload(error) });
  }
  loopEmpty = undefined;
  requestId = undefined;
}

function serialized(result: unknown): string {
  try {
    return JSON.stringify(result === undefined ? null : result) ?? 'null';
  } catch {
    throw new Error('Unable to stringify response body');
  }
}

async function main(): Promise<void> {
  let handler: (event: unknown, context: unknown) => unknown;
  installClock();
  try {
    handler = await loadHandler(data.codeDirectory, data.handler);
  } catch (error) {
    post({ kind: 'initError', error: errorPayload(error) });
    process.exit(1);
  }
  post({ kind: 'ready' });
  for (;;) {
    const message = freezeUntilEvent();
    setClock(message.clockOffsetMs ?? 0);
    // Two turns of the event loop: what happened outside while the thread slept (a peer closed its socket, a timer came
    // due) is seen before the handler runs, as on Lambda, where the event itself arrives through the loop.
    await nextTurn();
    await nextTurn();
    await run(handler, message);
  }
}

void main();
