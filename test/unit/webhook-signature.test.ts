import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { signWebhook, webhookKey } from '../../shared/delivery/webhook-signature.ts';

const secret = randomBytes(33).toString('base64');
const body = '{"text":"ü 👋"}';

/** What a receiver makes of it, by the specification's own library. */
const received = (headers: Readonly<Record<string, string>>, payload = body, by = secret) =>
  new Webhook(by).verify(payload, { ...headers });

describe('a signature', () => {
  it('is what Standard Webhooks verifies, with and without the prefix of secrets', () => {
    for (const text of [secret, `whsec_${secret}`, ` ${secret}\n`]) {
      const headers = signWebhook(webhookKey(text), { id: 'n1', now: Date.now(), body });
      expect(received(headers)).toEqual(JSON.parse(body));
      expect(received(headers, body, `whsec_${secret}`)).toEqual(JSON.parse(body));
    }
  });

  it('is that of the specification’s example', () => {
    const key = webhookKey('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
    const call = {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      now: 1_614_265_330_000,
      body: '{"test": 2432232314}',
    };
    expect(signWebhook(key, call)).toEqual({
      'webhook-id': call.id,
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('holds for this very event, at this time, under this secret', () => {
    const headers = signWebhook(webhookKey(secret), { id: 'n1', now: Date.now(), body });
    expect(() => received(headers, '{"text":"other"}')).toThrow();
    expect(() => received({ ...headers, 'webhook-id': 'n2' })).toThrow();
    expect(() => received(headers, body, randomBytes(33).toString('base64'))).toThrow();
    const old = signWebhook(webhookKey(secret), { id: 'n1', now: Date.now() - 3_600_000, body });
    expect(() => received(old)).toThrow();
  });

  it.each(['', 'whsec_', 'short', 'A'.repeat(30), 'A'.repeat(90)])(
    'is not made with a secret that is none: %s',
    (text) => {
      expect(() => webhookKey(text)).toThrow(/^unable to sign; the secret must be 24 to 64 bytes in base64$/);
    },
  );
});
