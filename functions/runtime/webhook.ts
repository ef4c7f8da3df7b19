/** What the webhook's function works with: who is called, the secret, and the queue that holds back what failed. */
import { serviceOrigin } from '../../shared/aws/client.ts';
import { createQueue, type Queue } from '../../shared/aws/queue.ts';
import { createSecret } from '../../shared/aws/secret.ts';
import { isLoopback } from '../../shared/delivery/loopback.ts';
import { createWebhook, type Webhook } from '../../shared/delivery/webhook.ts';
import { ENV } from '../../shared/environment.ts';
import type { Runtime } from './runtime.ts';

/** How long a secret that was read is used, so that one that was changed is in use within that time. Milliseconds. */
const SECRET_LIFE_MS = 5 * 60_000;

export interface WebhookTools {
  readonly webhook: Webhook;
  readonly queue: Queue;
}

/** @throws {Error} where the environment names no address, no secret or no queue, or an address that may not be called. */
export function createWebhookTools({
  context: { now },
  send,
  environment,
}: Pick<Runtime, 'context' | 'send' | 'environment'>): WebhookTools {
  function required(name: string): string {
    const value = environment[name];
    if (!value) throw new Error(`unable to start; ${name} is not set`);
    return value;
  }
  const origin = serviceOrigin('secretsmanager', environment);
  const secret = createSecret({ send, origin, id: required(ENV.webhookSecret) });
  let held: { readonly text: string; readonly until: number } | undefined;
  async function readSecret(): Promise<string> {
    if (held && held.until > now()) return held.text;
    const { text } = await secret.read();
    if (!text) throw new Error('unable to sign; the webhook’s secret has no value');
    held = { text, until: now() + SECRET_LIFE_MS };
    return text;
  }
  return {
    webhook: createWebhook({
      url: required(ENV.webhookUrl),
      // Where AWS itself is on this machine, so may be who is called.
      allowLoopback: isLoopback(new URL(origin).host),
      readSecret,
      now,
    }),
    queue: createQueue({
      send,
      origin: serviceOrigin('sqs', environment),
      url: required(ENV.webhookQueue),
    }),
  };
}
