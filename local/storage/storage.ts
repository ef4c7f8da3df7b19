/** S3 on this machine: buckets of the template, at an address of their own. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BucketModel } from '../assembly/model.ts';
import type { AwsCall, CallFault, CallSeams, NeededPermission, ServiceCaller } from '../services/call.ts';
import { authenticate, type Verifier } from './authenticate.ts';
import { corsHeaders, preflight } from './cors.ts';
import { errorDocument, StorageError } from './errors.ts';
import { type BucketEvent, requestId } from './notifications.ts';
import type { Answer, OpenBucket, OperationCall } from './operation.ts';
import { isForm, operationOf } from './operations.ts';
import { authenticateForm, postObject, readForm } from './post-object.ts';
import { type Identity, StorageRequest } from './request.ts';

export interface StorageOptions {
  readonly verifier: Verifier;
  readonly seams: Pick<CallSeams, 'authorize' | 'count'> & {
    readonly fault?: (call: AwsCall) => CallFault | undefined;
  };
  /** Whether a bucket's policy lets a service do it, or anybody. */
  readonly isOpenTo: (caller: ServiceCaller | undefined, permission: NeededPermission) => boolean;
  readonly log: (text: string) => void;
  /** Hears what happened in a bucket. */
  readonly notify: (event: BucketEvent) => void;
}

/** What an operation is, apart from what it works on. */
interface Work {
  readonly name: string;
  readonly permissions: readonly NeededPermission[];
  run(): Promise<Answer>;
}

/**
 * Bodies stream both ways, so an object may be larger than the memory. Its address is the same for functions, browsers and
 * curl: path style on a loopback port, so that no name needs to be resolved, and each bucket's own CORS rules apply.
 */
export class StorageServer {
  readonly url: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #buckets = new Map<string, OpenBucket>();
  #options: StorageOptions | undefined;

  private constructor(server: Server, host: string) {
    const address = server.address();
    this.url = `http://${host}:${typeof address === 'object' && address ? address.port : 0}`;
    this.#server = server;
    const serve = (request: IncomingMessage, response: ServerResponse) => {
      this.#serve(request, response).catch((error: unknown) => {
        // A client that went away in the middle is no failure of ours.
        if (!request.destroyed && !response.destroyed)
          this.#options?.log(`unable to serve ${request.url}; ${String(error)}`);
        response.destroy();
      });
    };
    server.on('request', serve);
    // Whoever asks first is answered before it sends anything.
    server.on('checkContinue', serve);
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  /** Listens on a free loopback port; there are no buckets yet. */
  static async listen(host = '127.0.0.1'): Promise<StorageServer> {
    // A large upload takes as long as it takes.
    const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0, noDelay: true });
    server.listen(0, host);
    await once(server, 'listening');
    return new StorageServer(server, host);
  }

  /** Serves these from now on. */
  open(buckets: readonly OpenBucket[], options: StorageOptions): void {
    this.#options = options;
    for (const bucket of buckets) this.#buckets.set(bucket.model.name, bucket);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const id = requestId();
    response.setHeader('x-amz-request-id', id);
    response.setHeader('x-amz-id-2', id);
    response.setHeader('server', 'AmazonS3');
    try {
      const request = new StorageRequest(incoming);
      const bucket: BucketModel | undefined = this.#buckets.get(request.bucket)?.model;
      if (request.method === 'OPTIONS') {
        response.writeHead(200, preflight(bucket, incoming.headers)).end();
        return;
      }
      const cors = corsHeaders(bucket, request.method, incoming.headers.origin);
      for (const [name, value] of Object.entries(cors)) response.setHeader(name, value);
      const answer = await this.#answer(request, response);
      if (answer === 'reset') incoming.socket.resetAndDestroy();
      else await send(request, response, answer);
    } catch (error) {
      if (incoming.destroyed && !incoming.complete) throw error;
      sendError(incoming, response, this.#errorOf(error), id);
    }
  }

  async #answer(request: StorageRequest, response: ServerResponse): Promise<Answer | 'reset'> {
    if (!this.#options) throw new StorageError('SlowDown');
    const { verifier } = this.#options;
    const proceed = () => {
      const expects = /100-continue/i.test(request.incoming.headers.expect ?? '');
      if (expects && !response.headersSent) response.writeContinue();
    };
    if (isForm(request)) {
      proceed();
      const form = await readForm(request);
      const { identity, policy } = authenticateForm(form.fields, verifier);
      const call = this.#callOf(request, identity, () => {});
      // It asks for what it needs itself, when the form's key is known.
      const work = { name: 'PostObject', permissions: [], run: () => postObject(call, form, policy) };
      return this.#perform(call, work);
    }
    const identity = authenticate(request, verifier);
    if (request.bucket === '')
      throw new StorageError('NotImplemented', { message: 'The engine lists no buckets' });
    const operation = operationOf(request);
    const call = this.#callOf(request, identity, proceed);
    const work = {
      name: operation.name,
      permissions: operation.permissions(call),
      run: () => operation.run(call),
    };
    return this.#perform(call, work);
  }

  async #perform(operationCall: OperationCall, { name, permissions, run }: Work): Promise<Answer | 'reset'> {
    const { request, identity } = operationCall;
    const seams = this.#options?.seams;
    const call = {
      service: 's3',
      operation: name,
      caller: identity.kind === 'function' ? identity.caller : undefined,
    };
    const sent = Number(request.header('content-length') ?? 0);
    const count = (status: number, bytes = 0) => seams?.count?.(call, status, sent, bytes);
    try {
      operationCall.authorize(permissions);
      const answer = await suffer(seams?.fault?.(call), run);
      if (answer !== 'reset') count(answer.status, Number(answer.headers?.['content-length'] ?? 0));
      return answer;
    } catch (error) {
      count(error instanceof StorageError ? error.status : 500);
      throw error;
    }
  }

  #callOf(request: StorageRequest, identity: Identity, proceed: () => void): OperationCall {
    const options = this.#options;
    const bucket = this.#bucket(request.bucket);
    return {
      ...bucket,
      request,
      identity,
      proceed,
      bucket: (name) => this.#bucket(name),
      now: () => options?.verifier.now() ?? Date.now(),
      notify: (event) => options?.notify(event),
      authorize: (permissions) => this.#authorize(identity, permissions),
    };
  }

  #bucket(name: string): OpenBucket {
    const bucket = this.#buckets.get(name);
    if (bucket) return bucket;
    throw new StorageError('NoSuchBucket', { details: { BucketName: name } });
  }

  /** @throws StorageError `AccessDenied` */
  #authorize(identity: Identity, permissions: readonly NeededPermission[]): void {
    if (identity.kind === 'user') return;
    if (identity.kind === 'anonymous' || identity.kind === 'service') {
      const caller = identity.kind === 'service' ? identity.caller : undefined;
      const isOpen = permissions.every((one) => this.#options?.isOpenTo(caller, one));
      if (!isOpen) throw new StorageError('AccessDenied');
      return;
    }
    const denial = this.#options?.seams.authorize?.(identity.caller, permissions);
    if (denial) throw new StorageError('AccessDenied', { message: denial.message });
  }

  #errorOf(error: unknown): StorageError {
    if (error instanceof StorageError) return error;
    this.#options?.log(`unable to serve a call of S3; ${String(error)}`);
    return new StorageError('InternalError');
  }
}

/** What a fault plan does to a call. */
async function suffer(fault: CallFault | undefined, run: () => Promise<Answer>): Promise<Answer | 'reset'> {
  if (!fault) return run();
  const { delayMs, answer, takesEffect, done } = fault;
  if (delayMs !== undefined) await sleep(delayMs);
  const effect = !answer || takesEffect ? await run() : undefined;
  done?.();
  if (!answer) return effect ?? 'reset';
  if (answer === 'reset') return answer;
  throw new StorageError(answer.code === 'SlowDown' ? 'SlowDown' : 'InternalError', {
    message: answer.message,
  });
}

async function send(
  { method, incoming }: StorageRequest,
  response: ServerResponse,
  answer: Answer,
): Promise<void> {
  const { status, headers = {}, body } = answer;
  // What nobody read of the request stands in the way of the next one.
  incoming.resume();
  if (typeof body === 'object' && method !== 'HEAD') {
    response.writeHead(status, headers);
    await pipeline(body, response);
    return;
  }
  const text = typeof body === 'string' ? body : '';
  response.writeHead(status, { 'content-length': Buffer.byteLength(text), ...headers });
  response.end(text);
}

function sendError(
  incoming: IncomingMessage,
  response: ServerResponse,
  error: StorageError,
  id: string,
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = errorDocument(error, (incoming.url ?? '').split('?')[0] ?? '', id);
  const headers = { 'content-type': 'application/xml', 'content-length': Buffer.byteLength(body) };
  // A client that asked before it sends is told to keep its body; any other may still be sending, and is heard out.
  if (incoming.headers.expect !== undefined) response.setHeader('connection', 'close');
  incoming.unpipe();
  incoming.resume();
  response.writeHead(error.status, headers);
  response.end(incoming.method === 'HEAD' ? undefined : body);
}
