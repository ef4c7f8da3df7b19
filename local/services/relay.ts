import type { Socket } from 'node:net';
import type { AwsResponse, CallFault, CallSeams } from './call.ts';
import type { CredentialRegistry } from './credentials.ts';
import type { DatabaseConnections } from './database-connections.ts';
import type { DynamoDbService } from './dynamodb.ts';

export interface RelayOptions {
  readonly service: DynamoDbService;
  readonly database: DatabaseConnections;
  readonly credentials: CredentialRegistry;
  readonly seams: CallSeams;
  readonly log: (text: string) => void;
}

const HEAD_END = Buffer.from('\r\n\r\n');
/** As Node's own server: a longer head is left to it. */
const HEAD_LIMIT_BYTES = 16 * 1024;
const BODY_LIMIT_BYTES = 17 * 1024 * 1024;
const START = 'POST / HTTP/1.1\r\n';
const LENGTH = /\r\ncontent-length: *(\d+)/i;
const TARGET = /\r\nx-amz-target: *DynamoDB_20120810\.(\w+)/i;
const CREDENTIAL = /Credential=([^/,\s]+)\/\d{8}\/[^/]+\/dynamodb\//;
/** What a plain call of an AWS client does not have: chunks, a question before the body, an end of the connection. */
const UNCOMMON = /\r\n(?:transfer-encoding|expect|upgrade|connection: *close)/i;

interface Head {
  readonly operation: string;
  readonly accessKeyId: string;
  /** Where the body begins, and where it ends. */
  readonly start: number;
  readonly end: number;
}

/** Undefined: not all there yet. Null: not for the relay. */
function readHead(buffer: Buffer): Head | null | undefined {
  const headEnd = buffer.indexOf(HEAD_END);
  if (headEnd < 0) return buffer.length > HEAD_LIMIT_BYTES ? null : undefined;
  const head = buffer.toString('latin1', 0, headEnd);
  const length = LENGTH.exec(head)?.[1];
  const operation = TARGET.exec(head)?.[1];
  const accessKeyId = CREDENTIAL.exec(head)?.[1];
  if (!head.startsWith(START) || UNCOMMON.test(head)) return null;
  if (length === undefined || operation === undefined || accessKeyId === undefined) return null;
  const start = headEnd + HEAD_END.length;
  const end = start + Number(length);
  return end > BODY_LIMIT_BYTES ? null : { operation, accessKeyId, start, end };
}

/**
 * Takes the requests of one connection to the database byte by byte, as long as they are plain DynamoDB calls: half the
 * processor time of a server and a client of HTTP, several times a message. Anything else on the connection is handed
 * to `fallback` with all that follows.
 */
export function relay(socket: Socket, options: RelayOptions, fallback: (socket: Socket) => void): void {
  const { service, database, credentials, seams } = options;
  let buffer: Buffer | undefined;
  let head: Head | undefined;
  let busy = false;

  const onData = (chunk: Buffer) => {
    buffer = buffer ? Buffer.concat([buffer, chunk]) : chunk;
    if (!busy) next();
  };
  socket.on('data', onData);
  socket.on('error', () => socket.destroy());

  function next(): void {
    if (!buffer) return;
    const read = head ?? readHead(buffer);
    if (read === undefined) return;
    if (read === null) {
      socket.off('data', onData);
      socket.pause();
      fallback(socket);
      socket.unshift(buffer);
      process.nextTick(() => socket.resume());
      return;
    }
    head = read;
    if (buffer.length < read.end) return;
    const request = buffer.length === read.end ? buffer : buffer.subarray(0, read.end);
    buffer = buffer.length === read.end ? undefined : buffer.subarray(read.end);
    head = undefined;
    busy = true;
    pass(read, request);
  }

  function pass({ operation, accessKeyId, start }: Head, request: Buffer): void {
    const caller = credentials.callerOf(accessKeyId);
    const body = request.subarray(start);
    const call = { service: service.name, operation, caller };
    const refuse = (response: AwsResponse): void => {
      seams.count?.(call, response.status, body.length, Buffer.byteLength(response.body));
      answer(encode(response));
    };
    if (caller && seams.authorize) {
      const denial = seams.authorize(caller, service.permissionsOf(operation, { body }));
      if (denial) {
        const { message } = denial;
        refuse(service.errorResponse({ status: 400, code: 'AccessDeniedException', message }));
        return;
      }
    }
    const throttled = service.throttled(operation, body);
    if (throttled) {
      refuse(throttled);
      return;
    }
    const forward = (reply: (response: Buffer) => void) =>
      database.send(request, (response) => {
        if (response instanceof Error) {
          options.log(`unable to call the database; ${response.message}`);
          const message = 'The database does not answer';
          refuse(service.errorResponse({ status: 500, code: 'InternalServerError', message }));
          return;
        }
        const status = statusOf(response);
        reply(response);
        seams.count?.(call, status, body.length, response.length);
        service.answered(operation, body, status, response.length);
      });
    const suffer = ({ answer: instead, takesEffect, done }: CallFault): void => {
      if (!instead) {
        forward(answer);
        return;
      }
      const lose = (): void => {
        done?.();
        if (instead === 'reset') socket.resetAndDestroy();
        else refuse(service.errorResponse(instead));
      };
      if (takesEffect) forward(lose);
      else lose();
    };
    const fault = seams.fault?.(call);
    if (!fault) forward(answer);
    else if (fault.delayMs === undefined) suffer(fault);
    else setTimeout(suffer, fault.delayMs, fault);
  }

  function answer(response: Buffer | string): void {
    if (!socket.destroyed) socket.write(response);
    busy = false;
    next();
  }
}

/** `HTTP/1.1 200 OK`: the digits after the first space. */
function statusOf(response: Buffer): number {
  return Number(response.toString('latin1', 9, 12));
}

function encode({ status, headers, body }: AwsResponse): string {
  const lines = Object.entries({ ...headers, 'content-length': Buffer.byteLength(body) });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return `HTTP/1.1 ${status} ${status < 400 ? 'OK' : 'Error'}\r\n${head}\r\n${body.toString()}`;
}
