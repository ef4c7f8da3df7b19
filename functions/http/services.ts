/** What the HTTP calls work with, wired once an execution environment. */

import { introducing } from '../../shared/auth/external-users.ts';
import { createTokenIssuer, type IssueAccessToken } from '../../shared/auth/issue-token.ts';
import type { VerifyAccessToken } from '../../shared/auth/verify-token.ts';
import { serviceOrigin } from '../../shared/aws/client.ts';
import { createSecret } from '../../shared/aws/secret.ts';
import { type CallGate, createCallGate } from '../../shared/chat/call-gate.ts';
import type { ChatContext } from '../../shared/chat/context.ts';
import type { FileSigner, PartStore } from '../../shared/chat/file-store.ts';
import { closeConnections, type Revocation } from '../../shared/chat/revocation.ts';
import type { SpamLimits } from '../../shared/chat/spam.ts';
import { ENV } from '../../shared/environment.ts';
import type { Logger } from '../../shared/observability/log.ts';
import { createSocketCloser } from '../runtime/close-socket.ts';
import { createFileSigner, createUploads } from '../runtime/files.ts';
import { once } from '../runtime/once.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { createVerifier, readOidcIssuer } from '../runtime/verifier.ts';

export interface Services {
  readonly context: ChatContext;
  readonly verifyAccessToken: VerifyAccessToken;
  readonly issueAccessToken: IssueAccessToken;
  /** Signs for the storage that files lie in. */
  readonly files: FileSigner;
  /** Takes large files in parts. */
  readonly parts: PartStore;
  /** Whether users log in elsewhere, and not here. */
  readonly usersAreElsewhere: boolean;
  /**
   * Closes connections of a user whose right has ended (P9). To be called after what ended it is stored: an ended session, a ban.
   * Never fails: the settler closes what this leaves open.
   */
  closeConnections(revocation: Revocation): Promise<void>;
  /** What every call passes before it does anything. */
  readonly callGate: CallGate;
  readonly spam: SpamLimits;
  readonly logger: Logger;
  /** Shown by `/health`. */
  readonly version: string;
}

/** Seconds that an access token lives where the stack sets none. */
const ACCESS_TOKEN_SECONDS = 900;

/** @throws {Error} where the environment names no issuer, audience or secret. */
export function createServices(runtime: Runtime): Services {
  const { context, logger, settings, send, environment } = runtime;
  function required(name: string): string {
    const value = environment[name];
    if (!value) throw new Error(`unable to start; ${name} is not set`);
    return value;
  }
  const token = {
    issuer: required(ENV.tokenIssuer),
    audience: required(ENV.tokenAudience),
    now: context.now,
  };
  const verify = createVerifier(runtime);
  const usersAreElsewhere = readOidcIssuer(runtime) !== undefined;
  const closeSocket = createSocketCloser({ environment, logger });
  const getFiles = once(() => createFileSigner(runtime));
  const getParts = once(() => createUploads(runtime));
  return {
    context,
    logger,
    get files() {
      return getFiles();
    },
    get parts() {
      return getParts();
    },
    async closeConnections(revocation) {
      try {
        await closeConnections(
          { connections: context.connections, now: context.now, closeSocket },
          revocation,
        );
      } catch (error) {
        logger.error('connections left to the settler', error, { user: revocation.user });
      }
    },
    callGate: createCallGate(settings.limits.calls),
    spam: settings.limits.spam,
    version: settings.version,
    verifyAccessToken: usersAreElsewhere ? introducing(context, verify) : verify,
    usersAreElsewhere,
    issueAccessToken: createTokenIssuer({
      ...token,
      lifetimeSeconds: Number(environment[ENV.accessTokenSeconds] || ACCESS_TOKEN_SECONDS),
      secret: createSecret({
        send,
        origin: serviceOrigin('secretsmanager', environment),
        id: required(ENV.signingKeysSecret),
      }),
    }),
  };
}
