/** DynamoDB's wire protocol (JSON 1.0) over the signed sender: one call, its retries, its errors by name. */
import { type AwsSend, AwsUnreachable } from '../aws/client.ts';

/** One operation of the DynamoDB API: its name and its input as the API reference gives it. */
export type DynamoCall = (operation: string, input: object) => Promise<Record<string, unknown>>;

/** DynamoDB refused the call. `code` is the exception's name, for example `ValidationException`. */
export class DynamoError extends Error {
  override readonly name = 'DynamoError';
  readonly code: string;
  readonly body: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, body: Readonly<Record<string, unknown>>) {
    super(`${code}: ${message}`);
    this.code = code;
    this.body = body;
  }
}

/** No answer could be had within all attempts. A write may or may not have taken effect. */
export class DynamoUnavailable extends Error {
  override readonly name = 'DynamoUnavailable';
}

const RETRYABLE = new Set([
  'InternalServerError',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ServiceUnavailable',
  'ThrottlingException',
  'TransactionInProgressException',
]);

/** Attempts of one call. With the pauses below the last one starts after 0.4 s on average, 0.75 s at most. */
const ATTEMPTS = 5;
/** First pause between attempts, milliseconds; doubles; full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter"). */
const FIRST_PAUSE_MS = 50;
/** An answer takes single-digit milliseconds; past this the connection is taken for dead. */
const CALL_TIMEOUT_MS = 3_000;

/**
 * @param retried hears of each attempt after the first, with the reason (for metrics).
 * @returns a function that makes one DynamoDB call and gives its parsed output.
 * @throws {DynamoError} where DynamoDB refused; {DynamoUnavailable} where no attempt was answered.
 */
export function createDynamoCall(options: {
  readonly send: AwsSend;
  readonly origin: string;
  readonly random?: () => number;
  readonly sleep?: (ms: number) => Promise<void>;
  readonly retried?: (operation: string, reason: string) => void;
}): DynamoCall {
  const random = options.random ?? Math.random;
  const sleep = options.sleep ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms)));

  async function attempt(operation: string, body: string): Promise<Record<string, unknown>> {
    const response = await options.send({
      service: 'dynamodb',
      origin: options.origin,
      method: 'POST',
      path: '/',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `DynamoDB_20120810.${operation}`,
      },
      body,
      timeoutMs: CALL_TIMEOUT_MS,
    });
    const answer = parseObject(response.body);
    if (response.status === 200 && answer) return answer;
    const type = typeof answer?.__type === 'string' ? answer.__type : '';
    const code =
      type.slice(type.lastIndexOf('#') + 1) || (response.status >= 500 ? 'InternalServerError' : 'Unknown');
    throw new DynamoError(code, String(answer?.message ?? answer?.Message ?? response.status), answer ?? {});
  }

  return async (operation, input) => {
    const body = JSON.stringify(input);
    for (let tries = 1; ; tries++) {
      try {
        return await attempt(operation, body);
      } catch (error) {
        const heals =
          error instanceof AwsUnreachable || (error instanceof DynamoError && RETRYABLE.has(error.code));
        if (!heals) throw error;
        if (tries === ATTEMPTS)
          throw new DynamoUnavailable(`${operation}: ${error.message}`, { cause: error });
        options.retried?.(operation, error instanceof DynamoError ? error.code : 'unreachable');
        await sleep(random() * FIRST_PAUSE_MS * 2 ** (tries - 1));
      }
    }
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
