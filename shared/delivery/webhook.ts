/** Calls somebody else's server: once for each attempt, signed, and never led astray. */
import type { Dispatcher } from 'undici';
// By path, as in shared/aws/client.ts: the package's entry is three times the size.
import Agent from 'undici/lib/dispatcher/agent.js';
import { isLoopback } from './loopback.ts';
import { isPublicAddress, lookupPublic, NotPublic } from './public-address.ts';
import { signWebhook, webhookKey } from './webhook-signature.ts';

/** The receiver did not take a call, or could not be called; it may be tried again. */
export class WebhookFailed extends Error {
  override readonly name = 'WebhookFailed';

  constructor(reason: string, options?: ErrorOptions) {
    super(`unable to call the webhook; ${reason}`, options);
  }
}

export interface Webhook {
  /**
   * Calls the receiver with an event. Whatever else it answers than 2xx is a failure, a redirect among it: a second address would
   * have to be as trusted as the first. But for 410, by which it says that it is called in vain, now and later
   * (https://www.standardwebhooks.com, "Status codes").
   *
   * @param id the event's own, the same for every attempt.
   * @returns `taken`, or `gone` where it is to be called no more.
   * @throws {WebhookFailed}
   */
  call(id: string, event: object): Promise<'taken' | 'gone'>;
}

/** "Gone": the receiver wants no more of it. */
const GONE = 410;

/** Longer than a receiver should take to store an event: it may work on it afterwards. */
const TIMEOUT_MS = 10_000;
/** Of the answer nothing is read but its status; so many bytes are let pass so that the connection can be used again. */
const MAX_ANSWER_BYTES = 16 * 1_024;

/**
 * @param options.url `https`, to a host whose every address is public.
 * @param options.allowLoopback whether it may be this machine, without TLS: on an engine under development.
 * @param options.readSecret the text of the secret as it is now.
 * @param options.now epoch milliseconds.
 * @throws {Error} for an address that may never be called.
 */
export function createWebhook(options: {
  readonly url: string;
  readonly allowLoopback: boolean;
  readonly readSecret: () => Promise<string>;
  readonly now: () => number;
  readonly timeoutMs?: number;
}): Webhook {
  const url = new URL(options.url);
  const isHere = isLoopback(url.host);
  if (isHere ? !options.allowLoopback : url.protocol !== 'https:') {
    throw new Error('unable to start; the webhook’s address must be https, and not this machine');
  }
  const timeout = options.timeoutMs ?? TIMEOUT_MS;
  const agent = new Agent({
    connect: { timeout, ...(isHere ? {} : { lookup: lookupPublic }) },
    headersTimeout: timeout,
    bodyTimeout: timeout,
  });
  // A host that is an address is connected to without being looked up.
  const literal = url.hostname.replace(/^\[|\]$/g, '');
  const isForbidden = !isHere && /^[\d.]+$|:/.test(literal) && !isPublicAddress(literal);

  return {
    async call(id, event) {
      if (isForbidden) throw new WebhookFailed('its host has an address that is not public');
      const body = JSON.stringify(event);
      const key = webhookKey(await options.readSecret());
      const headers = {
        'content-type': 'application/json',
        'user-agent': 'Parley',
        ...signWebhook(key, { id, now: options.now(), body }),
      };
      const status = await send(agent, { url, headers, body });
      if (status === GONE) return 'gone';
      if (status < 200 || status >= 300) throw new WebhookFailed(`it answered ${status}`);
      return 'taken';
    },
  };
}

/** @returns the answer's status, as soon as that is there. */
async function send(
  agent: Agent,
  {
    url,
    headers,
    body,
  }: { readonly url: URL; readonly headers: Record<string, string>; readonly body: string },
): Promise<number> {
  const request: Dispatcher.DispatchOptions = {
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    method: 'POST',
    headers,
    body,
  };
  try {
    return await new Promise((resolve, reject) => {
      let bytes = 0;
      agent.dispatch(request, {
        onRequestStart() {},
        onResponseStart(_, statusCode) {
          resolve(statusCode);
        },
        onResponseData(controller, chunk) {
          bytes += chunk.length;
          if (bytes > MAX_ANSWER_BYTES) controller.abort(new Error('the answer is too long'));
        },
        onResponseEnd() {},
        onResponseError(_, error) {
          reject(error);
        },
      });
    });
  } catch (error) {
    const reason = error instanceof NotPublic ? error.message : codeOf(error);
    throw new WebhookFailed(`there was no answer (${reason})`, { cause: error });
  }
}

/** What kind of failure it was, without an address in it. */
function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
