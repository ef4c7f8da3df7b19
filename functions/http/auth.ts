/** Accounts and sessions: register, log in, go on, and the ticket for a WebSocket. */
import * as z from 'zod/mini';
import { changeDisplayName, getUser, login, register } from '../../shared/auth/accounts.ts';
import { endSession, type OpenSession, openSession, refreshSession } from '../../shared/auth/sessions.ts';
import { createTicket, TICKET_SECONDS } from '../../shared/auth/tickets.ts';
import { ParleyError } from '../../shared/protocol/errors.ts';
import {
  LoginBody,
  RefreshBody,
  RegisterBody,
  Ticket,
  Tokens,
  UpdateMeBody,
  User,
} from '../../shared/protocol/rest.ts';
import { endpoint, openEndpoint } from './endpoint.ts';
import type { Services } from './services.ts';

const tag = 'Accounts';

async function tokensOf(services: Services, opened: OpenSession): Promise<Omit<Tokens, 'user'>> {
  const { accessToken, expiresIn } = await services.issueAccessToken(opened.user, opened.session);
  return { accessToken, refreshToken: opened.refreshToken, expiresIn };
}

function isTaken(error: unknown): boolean {
  return error instanceof ParleyError && error.code === 'conflict';
}

const registerAccount = openEndpoint(
  {
    method: 'POST',
    path: '/api/auth/register',
    operation: 'register',
    summary: 'Makes an account and logs in.',
    tag,
    body: RegisterBody,
    status: 201,
    answer: Tokens,
    refusals: ['conflict'],
  },
  async ({ body, services }) => {
    // The account is the last write: whatever fails before it leaves the name free for the next try.
    const opened = await openSession(services.context, body.username);
    const tokens = await tokensOf(services, opened);
    try {
      return { user: await register(services.context, body), ...tokens };
    } catch (error) {
      if (isTaken(error)) await endSession(services.context, opened);
      throw error;
    }
  },
);

const logIn = openEndpoint(
  {
    method: 'POST',
    path: '/api/auth/login',
    operation: 'log in',
    summary: 'Logs in. A wrong name and a wrong password are not told apart.',
    tag,
    body: LoginBody,
    status: 200,
    answer: Tokens,
    refusals: ['unauthenticated'],
  },
  async ({ body, services }) => {
    const user = await login(services.context, body.username, body.password);
    return { user, ...(await tokensOf(services, await openSession(services.context, user.user))) };
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
    refusals: ['unauthenticated'],
  },
  async ({ body, services }) => {
    const opened = await refreshSession(services.context, body.refreshToken);
    const user = await getUser(services.context, opened.user);
    return { user, ...(await tokensOf(services, opened)) };
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

const me = endpoint(
  {
    method: 'GET',
    path: '/api/auth/me',
    operation: 'read the account',
    summary: 'The user who asks.',
    tag,
    status: 200,
    answer: User,
  },
  ({ identity, services }) => getUser(services.context, identity.user),
);

const updateMe = endpoint(
  {
    method: 'PATCH',
    path: '/api/auth/me',
    operation: 'change the account',
    summary: 'Changes the display name.',
    tag,
    body: z.pick(UpdateMeBody, { displayName: true }),
    status: 200,
    answer: User,
  },
  ({ body, identity, services }) =>
    body.displayName === undefined
      ? getUser(services.context, identity.user)
      : changeDisplayName(services.context, identity.user, body.displayName),
);

export const authEndpoints = [registerAccount, logIn, refresh, ticket, me, updateMe];
