/** Sessions: log in, go on, log out, and the ticket for a WebSocket. */
import { getUser, login } from '../../shared/auth/accounts.ts';
import { endSession, endSessions, type OpenSession, refreshSession } from '../../shared/auth/sessions.ts';
import { createTicket, TICKET_SECONDS } from '../../shared/auth/tickets.ts';
import { ParleyError } from '../../shared/protocol/errors.ts';
import { LoginBody, LogoutQuery, RefreshBody, Ticket, Tokens } from '../../shared/protocol/rest.ts';
import { endpoint, openEndpoint } from './endpoint.ts';
import type { Services } from './services.ts';

const tag = 'Accounts';

/** What its clients are told when a session has ended: coming back needs a login. */
export const SESSION_ENDED = { code: 'session_revoked', reconnect: false } as const;

export async function tokensOf(services: Services, opened: OpenSession): Promise<Omit<Tokens, 'user'>> {
  const { accessToken, expiresIn } = await services.issueAccessToken(opened.user, opened.session);
  return { accessToken, refreshToken: opened.refreshToken, expiresIn };
}

/**
 * Where an OpenID Connect provider has the users, nobody registers, logs in or refreshes here.
 *
 * @throws {ParleyError} `forbidden`.
 */
export function requireOwnUsers({ usersAreElsewhere }: Services, operation: string): void {
  if (!usersAreElsewhere) return;
  throw new ParleyError('forbidden', operation, 'accounts are kept elsewhere: get a token from there');
}

const logIn = openEndpoint(
  {
    method: 'POST',
    path: '/api/auth/login',
    operation: 'log in',
    summary:
      'Logs in. A wrong name and a wrong password are not told apart; each failure makes the next wait longer.',
    tag,
    body: LoginBody,
    status: 200,
    answer: Tokens,
    refusals: ['unauthenticated', 'rate_limited', 'forbidden'],
  },
  async ({ body, source, services }) => {
    requireOwnUsers(services, 'log in');
    const { user, opened } = await login(services.context, { ...body, source });
    return { user, ...(await tokensOf(services, opened)) };
  },
);

const refresh = openEndpoint(
  {
    method: 'POST',
    path: '/api/auth/refresh',
    operation: 'refresh',
    summary:
      'Gives new tokens for a refresh token, which is used up; one that is used twice ends its session.',
    tag,
    body: RefreshBody,
    status: 200,
    answer: Tokens,
    refusals: ['unauthenticated', 'forbidden'],
  },
  async ({ body, services }) => {
    requireOwnUsers(services, 'refresh');
    const opened = await refreshSession(services.context, body.refreshToken, (ended) =>
      services.closeConnections({ ...ended, ...SESSION_ENDED }),
    );
    const user = await getUser(services.context, opened.user);
    return { user, ...(await tokensOf(services, opened)) };
  },
);

const logOut = endpoint(
  {
    method: 'POST',
    path: '/api/auth/logout',
    operation: 'log out',
    summary: 'Ends this session and its connections; with `everywhere=true` all sessions of the user.',
    tag,
    query: LogoutQuery,
    status: 204,
  },
  async ({ query, identity: { user, session }, services }) => {
    // Where another issuer keeps the sessions there are none of ours: its token stays good, and what is open is closed.
    const one = session !== undefined && query.everywhere !== 'true';
    if (one) await endSession(services.context, { user, session });
    else await endSessions(services.context, user);
    await services.closeConnections({ user, ...(one ? { session } : {}), ...SESSION_ENDED });
    return undefined;
  },
);

const ticket = endpoint(
  {
    method: 'POST',
    path: '/api/auth/ticket',
    operation: 'make a ticket',
    summary: 'Makes a ticket that opens one WebSocket within 30 seconds, from the same page.',
    tag,
    status: 201,
    answer: Ticket,
  },
  async ({ identity, origin, services }) => ({
    ticket: await createTicket(services.context, identity, origin),
    expiresIn: TICKET_SECONDS,
  }),
);

export const sessionEndpoints = [logIn, refresh, logOut, ticket];
