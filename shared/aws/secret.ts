/** One secret of AWS Secrets Manager, over the signed sender: its JSON 1.1 protocol needs no SDK (300 KB of bundle). */
import { type AwsSend, AwsUnreachable } from './client.ts';

/** Secrets Manager refused a call. `code` is the exception's name. */
export class SecretError extends Error {
  override readonly name = 'SecretError';
  readonly code: string;

  constructor(operation: string, code: string) {
    super(`${operation}: ${code}`);
    this.code = code;
  }
}

const CALL_TIMEOUT_MS = 3_000;
const ATTEMPTS = 4;
/** First pause between attempts, milliseconds; doubles. */
const FIRST_PAUSE_MS = 100;
const RETRYABLE = new Set(['InternalServiceError', 'InternalServiceErrorException', 'ThrottlingException']);

/**
 * @param id ARN or name of the secret.
 * @throws from each call: {AwsUnreachable} without an answer, {SecretError} where the call was refused. Neither holds a value.
 */
export function createSecret(options: {
  readonly send: AwsSend;
  readonly origin: string;
  readonly id: string;
}) {
  async function attempt(operation: string, input: object): Promise<Record<string, unknown>> {
    const response = await options.send({
      service: 'secretsmanager',
      origin: options.origin,
      method: 'POST',
      path: '/',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `secretsmanager.${operation}`,
      },
      body: JSON.stringify({ SecretId: options.id, ...input }),
      timeoutMs: CALL_TIMEOUT_MS,
    });
    const answer = parseObject(response.body);
    if (response.status === 200 && answer) return answer;
    const type = typeof answer?.__type === 'string' ? answer.__type : '';
    const fallback = response.status >= 500 ? 'InternalServiceError' : `HTTP ${response.status}`;
    throw new SecretError(operation, type.slice(type.lastIndexOf('#') + 1) || fallback);
  }

  async function call(operation: string, input: object): Promise<Record<string, unknown>> {
    for (let tries = 1; ; tries++) {
      try {
        return await attempt(operation, input);
      } catch (error) {
        const heals =
          error instanceof AwsUnreachable || (error instanceof SecretError && RETRYABLE.has(error.code));
        if (!heals || tries === ATTEMPTS) throw error;
        await new Promise((resolve) => setTimeout(resolve, FIRST_PAUSE_MS * 2 ** (tries - 1)));
      }
    }
  }

  return {
    /** Its text and version as they are now; undefined where it has none. */
    async read(): Promise<{ readonly text: string | undefined; readonly version: string | undefined }> {
      try {
        const answer = await call('GetSecretValue', {});
        return {
          text: typeof answer.SecretString === 'string' ? answer.SecretString : undefined,
          version: typeof answer.VersionId === 'string' ? answer.VersionId : undefined,
        };
      } catch (error) {
        // A secret that was never given a value has no current version.
        if (error instanceof SecretError && error.code === 'ResourceNotFoundException') {
          return { text: undefined, version: undefined };
        }
        throw error;
      }
    },

    /**
     * Stores a new value under a client request token of 32 to 64 characters.
     *
     * @returns false where the token was used with another value, which stands.
     */
    async write(text: string, token: string): Promise<boolean> {
      try {
        await call('PutSecretValue', { SecretString: text, ClientRequestToken: token });
        return true;
      } catch (error) {
        if (error instanceof SecretError && error.code === 'ResourceExistsException') return false;
        throw error;
      }
    },
  };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
