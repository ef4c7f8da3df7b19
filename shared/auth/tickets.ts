/** Tickets: how a browser opens a WebSocket without a token in an address or a log. */

import type { ChatContext } from '../chat/context.ts';
import { putTicket, takeTicket } from '../data/tickets.ts';
import { hashToken, randomToken } from './hash.ts';
import { type Identity, unauthenticated } from './identity.ts';

/** Seconds that a ticket may wait for its use. protocol.md, WebSocket. */
export const TICKET_SECONDS = 30;
/** 128 bits: nobody finds a valid one within its 30 seconds. */
const TICKET_BYTES = 16;
const TICKET = /^[A-Za-z0-9_-]{22}$/;

type TicketContext = Pick<ChatContext, 'connections' | 'now'>;

/**
 * Makes a ticket for who is logged in.
 *
 * @param origin the `Origin` of the request, where there was one: the ticket is then good for that page alone.
 */
export async function createTicket(
  ctx: TicketContext,
  identity: Identity,
  origin: string | undefined,
): Promise<string> {
  const ticket = randomToken(TICKET_BYTES);
  await putTicket(ctx.connections, hashToken(ticket), {
    user: identity.user,
    session: identity.session,
    tokenExpiresAt: identity.expiresAt,
    validUntil: ctx.now() + TICKET_SECONDS * 1_000,
    origin,
  });
  return ticket;
}

/**
 * Redeems a ticket, once.
 *
 * @param origin the `Origin` of the handshake, where there was one.
 * @throws {ParleyError} `unauthenticated` where it is unknown, used, expired, or was made for another page.
 */
export async function redeemTicket(
  ctx: TicketContext,
  ticket: string,
  origin: string | undefined,
): Promise<Identity> {
  if (!TICKET.test(ticket)) throw unauthenticated();
  const taken = await takeTicket(ctx.connections, hashToken(ticket), origin, ctx.now());
  if (!taken || taken.tokenExpiresAt <= ctx.now()) throw unauthenticated();
  return { user: taken.user, session: taken.session, expiresAt: taken.tokenExpiresAt };
}
