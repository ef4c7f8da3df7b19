/** One queue of AWS SQS, over the signed sender: its JSON 1.0 protocol needs no SDK. */
import { type AwsSend, AwsUnreachable } from './client.ts';

/** SQS refused a call. `code` is the exception's name. */
export class QueueError extends Error {
  override readonly name = 'QueueError';
  readonly code: string;

  constructor(code: string, operation = 'SendMessage') {
    super(`${operation}: ${code}`);
    this.code = code;
  }
}

export interface Queue {
  /**
   * Sends a message; one that was sent again after a lost answer is there twice, as any message of SQS may be.
   *
   * @param body an object, sent as JSON.
   * @param delaySeconds until a reader sees it, whole seconds; 900 at most.
   * @throws {AwsUnreachable} where no attempt was answered; {QueueError} where SQS refused.
   */
  send(body: object, delaySeconds?: number): Promise<void>;
  /**
   * Has a message that is being handled seen again after this time, instead of after the queue's own.
   *
   * @param receipt of this reception.
   * @param seconds whole ones, 12 hours at most.
   * @throws as `send`.
   */
  hold(receipt: string, seconds: number): Promise<void>;
}

/** The longest that SQS holds a message back, seconds (API reference of `SendMessage`, `DelaySeconds`). */
export const LONGEST_DELAY_SECONDS = 900;

const CALL_TIMEOUT_MS = 3_000;
const ATTEMPTS = 4;
/** First pause between attempts, milliseconds; doubles. */
const FIRST_PAUSE_MS = 50;
const RETRYABLE = new Set([
  'InternalFailure',
  'RequestThrottled',
  'ServiceUnavailable',
  'ThrottlingException',
]);

export function createQueue(options: {
  readonly send: AwsSend;
  readonly origin: string;
  readonly url: string;
}): Queue {
  async function attempt(operation: string, input: object): Promise<void> {
    const response = await options.send({
      service: 'sqs',
      origin: options.origin,
      method: 'POST',
      path: '/',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `AmazonSQS.${operation}`,
      },
      body: JSON.stringify(input),
      timeoutMs: CALL_TIMEOUT_MS,
    });
    if (response.status === 200) return;
    const type = /"__type":\s*"([^"]+)"/.exec(response.body)?.[1] ?? '';
    const fallback = response.status >= 500 ? 'InternalFailure' : `HTTP ${response.status}`;
    throw new QueueError(type.slice(type.lastIndexOf('#') + 1) || fallback, operation);
  }

  async function call(operation: string, input: object): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        return await attempt(operation, { QueueUrl: options.url, ...input });
      } catch (error) {
        const heals =
          error instanceof AwsUnreachable || (error instanceof QueueError && RETRYABLE.has(error.code));
        if (!heals || tries === ATTEMPTS) throw error;
        await new Promise((resolve) => setTimeout(resolve, FIRST_PAUSE_MS * 2 ** (tries - 1)));
      }
    }
  }

  return {
    send: (body, delaySeconds = 0) =>
      call('SendMessage', {
        MessageBody: JSON.stringify(body),
        DelaySeconds: Math.max(0, Math.min(LONGEST_DELAY_SECONDS, Math.ceil(delaySeconds))),
      }),
    hold: (receipt, seconds) =>
      call('ChangeMessageVisibility', { ReceiptHandle: receipt, VisibilityTimeout: seconds }),
  };
}
