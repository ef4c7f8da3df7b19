/** What a handshake says about who comes, and where the service can call back. */
import type { Identity } from '../../shared/auth/identity.ts';
import { unauthenticated } from '../../shared/auth/identity.ts';
import { redeemTicket } from '../../shared/auth/tickets.ts';
import type { ChatContext } from '../../shared/chat/context.ts';
import { isLoopback } from '../../shared/delivery/loopback.ts';
import { ParleyError } from '../../shared/protocol/errors.ts';
import type { FunctionSettings } from '../runtime/settings.ts';
import { verifyAccessToken } from './identity.ts';
import { header, type SocketEvent } from './socket-event.ts';

const BEARER = /^Bearer +([^\s]+)$/i;

/**
 * A page of a foreign origin must not open a socket with what its visitor holds (cross-site WebSocket hijacking; RFC 6455,
 * section 10.2). Who sends no `Origin` is not a browser and passes.
 *
 * @throws {ParleyError} `forbidden`.
 */
export function checkOrigin(origin: string | undefined, allowed: ReadonlySet<string>): void {
  if (origin === undefined || allowed.has('*') || allowed.has(origin)) return;
  throw new ParleyError('forbidden', 'connect', 'this origin is not allowed');
}

/**
 * Who connects: by the token in the `Authorization` header, or by the single-use ticket in the address.
 *
 * @throws {ParleyError} `unauthenticated`.
 */
export async function identify(ctx: ChatContext, event: SocketEvent): Promise<Identity> {
  const authorization = header(event, 'authorization');
  if (authorization !== undefined) {
    const token = BEARER.exec(authorization)?.[1];
    if (!token) throw unauthenticated();
    return verifyAccessToken(token);
  }
  const ticket = event.queryStringParameters?.ticket;
  if (!ticket) throw unauthenticated();
  return redeemTicket(ctx, ticket, header(event, 'origin'));
}

/**
 * Base address of `@connections` for this socket: as configured, else the API that the client came through.
 *
 * @throws {Error} where that is no address: a connection that can't be called back must not open.
 */
export function callbackOf(
  settings: Pick<FunctionSettings, 'callbackUrl'>,
  { domainName = '', stage = '' }: SocketEvent['requestContext'],
): string {
  if (settings.callbackUrl) return settings.callbackUrl;
  const callback = `${isLoopback(domainName) ? 'http' : 'https'}://${domainName}/${stage}`;
  if (!domainName || !URL.canParse(callback)) throw new Error('unable to connect; the event names no domain');
  return callback;
}
