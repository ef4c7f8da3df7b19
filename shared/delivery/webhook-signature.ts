/**
 * Signatures of outgoing webhooks, as Standard Webhooks has them (https://github.com/standard-webhooks/standard-webhooks, "Signature
 * scheme"): whoever holds the secret can tell that a call is ours, and how old it is.
 */
import { createHmac } from 'node:crypto';

/** What secrets may begin with, so that they are known for what they are. */
const SECRET_PREFIX = 'whsec_';
/** The version of the scheme: HMAC-SHA-256 under a shared secret. */
const VERSION = 'v1';
/** Bytes of a secret, as the specification wants it. */
const SECRET_BYTES = { least: 24, most: 64 } as const;

/**
 * The key that a secret's text stands for.
 *
 * @param text base64, with or without `whsec_` before it.
 * @throws {Error} where it is none: a guessable key is worse than no call. The text is not in it.
 */
export function webhookKey(text: string): Buffer {
  const key = Buffer.from(text.trim().replace(SECRET_PREFIX, ''), 'base64');
  if (key.length < SECRET_BYTES.least || key.length > SECRET_BYTES.most) {
    throw new Error(
      `unable to sign; the secret must be ${SECRET_BYTES.least} to ${SECRET_BYTES.most} bytes in base64`,
    );
  }
  return key;
}

export interface WebhookCall {
  /** The same for every attempt at one event, by which a receiver knows repeats. Without a full stop. */
  readonly id: string;
  /** Of this attempt, epoch milliseconds. */
  readonly now: number;
  readonly body: string;
}

/** The headers of a signed call. */
export function signWebhook(key: Buffer, { id, now, body }: WebhookCall): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(now / 1_000));
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `${VERSION},${signature}`,
  };
}
