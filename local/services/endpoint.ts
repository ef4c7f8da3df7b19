import { once } from 'node:events';
import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type AwsRequest,
  type AwsResponse,
  type AwsService,
  type CallSeams,
  ServiceError,
  type ServiceFault,
} from './call.ts';
import { type CredentialRegistry, credentialScope } from './credentials.ts';

/** More than any service takes: Lambda's 6 MB, DynamoDB's 16 MB. */
const BODY_LIMIT_BYTES = 17 * 1024 * 1024;

/** The AWS services of this machine at one address, told apart by the service in each signature's scope. */
export class AwsEndpoint {
  readonly url: string;
  readonly #server: Server;
  /** Listens nowhere: it is given connections that the relay does not understand. */
  readonly #http: HttpServer;
  readonly #sockets = new Set<Socket>();
  #relay: ((socket: Socket, fallback: (socket: Socket) => void) => void) | undefined;
  readonly #services = new Map<string, AwsService>();
  readonly #credentials: CredentialRegistry;
  readonly #seams: CallSeams;
  readonly #log: (text: string) => void;

  private constructor(
    server: Server,
    credentials: CredentialRegistry,
    seams: CallSeams,
    log: (text: string) => void,
  ) {
    const address = server.address();
    this.url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
    this.#server = server;
    this.#credentials = credentials;
    this.#seams = seams;
    this.#log = log;
    // Function environments keep connections; they are closed by `close`, not by a timer that races with a request.
    this.#http = createHttpServer({ keepAliveTimeout: 0 }, (request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        log(`unable to serve ${request.url}; ${String(error)}`);
        response.destroy();
      });
    });
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      const toHttp = (taken: Socket) => this.#http.emit('connection', taken);
      if (this.#relay) this.#relay(socket, toHttp);
      else toHttp(socket);
    });
  }

  /** Listens on a free loopback port; services are added when they are ready. */
  static async listen(
    credentials: CredentialRegistry,
    seams: CallSeams,
    log: (text: string) => void = () => {},
  ): Promise<AwsEndpoint> {
    const server = createServer({ noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new AwsEndpoint(server, credentials, seams, log);
  }

  add(...services: AwsService[]): void {
    for (const service of services) this.#services.set(service.name, service);
  }

  /** Gives each new connection to a short cut first, which hands on what is not for it. */
  shortCut(relay: (socket: Socket, fallback: (socket: Socket) => void) => void): void {
    this.#relay = relay;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const scope = credentialScope(incoming.headers.authorization);
    const service = scope && this.#services.get(scope.service);
    const body = await readBody(incoming);
    const response =
      service && scope && body
        ? await this.#answer(service, {
            method: incoming.method ?? 'GET',
            path: incoming.url ?? '/',
            headers: incoming.headers,
            body,
            caller: this.#credentials.callerOf(scope.accessKeyId),
          })
        : refuse(scope?.service, body !== undefined);
    if (response === 'reset') {
      incoming.socket.resetAndDestroy();
      return;
    }
    const bytes = Buffer.byteLength(response.body);
    outgoing.writeHead(response.status, { ...response.headers, 'content-length': bytes });
    outgoing.end(response.body);
  }

  async #answer(service: AwsService, request: AwsRequest): Promise<AwsResponse | 'reset'> {
    const operation = service.operationOf(request);
    if (operation === undefined) {
      const message = `The engine has no such operation of ${service.name}`;
      this.#log(`unable to serve a call of ${request.caller?.functionName ?? 'the user'}; ${message}`);
      return service.errorResponse({ code: 'UnknownOperationException', message, status: 404 });
    }
    const call = { service: service.name, operation, caller: request.caller };
    const response = await this.#perform(service, operation, request).catch((error: unknown) =>
      service.errorResponse(this.#faultOf(error, call)),
    );
    if (response === 'reset') return response;
    this.#seams.count?.(call, response.status, request.body.length, Buffer.byteLength(response.body));
    return response;
  }

  async #perform(
    service: AwsService,
    operation: string,
    request: AwsRequest,
  ): Promise<AwsResponse | 'reset'> {
    const { caller } = request;
    if (caller && this.#seams.authorize) {
      const denial = this.#seams.authorize(caller, service.permissionsOf(operation, request));
      if (denial) throw new ServiceError('AccessDeniedException', denial.message);
    }
    const fault = this.#seams.fault?.({ service: service.name, operation, caller });
    if (!fault) return service.handle(operation, request);
    const { delayMs, answer, takesEffect, done } = fault;
    if (delayMs !== undefined) await sleep(delayMs);
    const effect = !answer || takesEffect ? await service.handle(operation, request) : undefined;
    done?.();
    if (!answer) return effect ?? 'reset';
    return answer === 'reset' ? answer : service.errorResponse(answer);
  }

  #faultOf(error: unknown, call: { service: string; operation: string }): ServiceFault {
    if (error instanceof ServiceError) return error;
    this.#log(`unable to serve ${call.service}:${call.operation}; ${String(error)}`);
    return { code: 'InternalServerError', message: 'The engine failed; its log says why', status: 500 };
  }
}

async function readBody(incoming: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming) {
    bytes += chunk.length;
    if (bytes > BODY_LIMIT_BYTES) return undefined;
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

function refuse(service: string | undefined, readable: boolean): AwsResponse {
  const [status, code, message] = !readable
    ? [413, 'RequestEntityTooLarge', 'The request is larger than any service takes']
    : service === undefined
      ? [403, 'MissingAuthenticationToken', 'The request has no SigV4 Authorization header']
      : [501, 'ServiceUnavailable', `The engine has no service ${service}`];
  return {
    status,
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-errortype': code },
    body: JSON.stringify({ __type: code, message }),
  };
}
