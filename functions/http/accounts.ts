/** Accounts: register, and what a user reads and changes about itself. */
import {
  changeDisplayName,
  changePassword,
  deleteAccount,
  getUser,
  register,
} from '../../shared/auth/accounts.ts';
import { attemptsKey } from '../../shared/auth/login-delay.ts';
import { endSession, endSessions, openSession } from '../../shared/auth/sessions.ts';
import { exportAccount } from '../../shared/chat/export-account.ts';
import { ParleyError } from '../../shared/protocol/errors.ts';
import { ExportQuery, ExportRecord } from '../../shared/protocol/export.ts';
import { pageOf, RegisterBody, Tokens, UpdateMeBody, User } from '../../shared/protocol/rest.ts';
import { endpoint, openEndpoint } from './endpoint.ts';
import { requireOwnUsers, SESSION_ENDED, tokensOf } from './sessions.ts';

const tag = 'Accounts';

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
    refusals: ['conflict', 'forbidden'],
  },
  async ({ body, services }) => {
    requireOwnUsers(services, 'register');
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
    summary: 'Changes the display name, or the password, which ends the user’s other sessions.',
    tag,
    body: UpdateMeBody,
    status: 200,
    answer: User,
    refusals: ['forbidden', 'conflict', 'rate_limited'],
  },
  async ({ body: { password, displayName }, identity: { user, session }, source, services }) => {
    const { context } = services;
    if (password !== undefined) {
      requireOwnUsers(services, 'change the account');
      await changePassword(context, user, { ...password, source }, () => endSessions(context, user, session));
      await services.closeConnections({ user, exceptSession: session, ...SESSION_ENDED });
    }
    return displayName === undefined ? getUser(context, user) : changeDisplayName(context, user, displayName);
  },
);

const deleteMe = endpoint(
  {
    method: 'DELETE',
    path: '/api/auth/me',
    operation: 'delete the account',
    summary:
      'Deletes the account and what identifies the user. Messages stay, under a pseudonym; the name is never given again.',
    tag,
    status: 204,
  },
  async ({ identity: { user }, services }) => {
    await deleteAccount(services.context, user);
    await endSessions(services.context, user);
    await services.closeConnections({ user, code: 'removed', reconnect: false });
    return undefined;
  },
);

const exportMe = endpoint(
  {
    method: 'GET',
    path: '/api/auth/me/export',
    operation: 'export the account',
    summary:
      'All that is stored about the user, in records. Where there is a `cursor`, the next page holds more.',
    tag,
    query: ExportQuery,
    status: 200,
    answer: pageOf(ExportRecord),
  },
  ({ query, identity: { user }, services }) =>
    exportAccount(services.context, { ...query, user, nameHash: attemptsKey(user) }),
);

export const accountEndpoints = [registerAccount, me, updateMe, deleteMe, exportMe];
