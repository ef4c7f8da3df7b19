import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createWebhook, type Webhook, WebhookFailed } from '../../shared/delivery/webhook.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A webhook to a server of this machine that answers so. */
async function webhookTo(answer: Answer, timeoutMs = 2_000): Promise<{ webhook: Webhook; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { asked, webhook: make(`http://127.0.0.1:${port}/hook?a=b`, true, timeoutMs) };
}

function make(url: string, allowLoopback: boolean, timeoutMs = 2_000): Webhook {
  const readSecret = async () => randomBytes(33).toString('base64');
  return createWebhook({ url, allowLoopback, readSecret, now: Date.now, timeoutMs });
}

describe('a webhook', () => {
  it('is done with what its receiver takes', async () => {
    const { webhook, asked } = await webhookTo((_, response) => response.writeHead(204).end());
    expect(await webhook.call('n1', { type: 'notification' })).toBe('taken');
    expect(asked).toEqual(['/hook?a=b']);
  });

  it.each([400, 404, 429, 500, 503])('fails on %s', async (status) => {
    const { webhook } = await webhookTo((_, response) => response.writeHead(status).end('no'));
    await expect(webhook.call('n1', {})).rejects.toEqual(new WebhookFailed(`it answered ${status}`));
  });

  it('is done with one that is gone', async () => {
    const { webhook } = await webhookTo((_, response) => response.writeHead(410).end('no'));
    expect(await webhook.call('n1', {})).toBe('gone');
  });

  it('follows no redirect, wherever it leads', async () => {
    const { webhook, asked } = await webhookTo((_, response) =>
      response.writeHead(307, { location: '/elsewhere' }).end(),
    );
    await expect(webhook.call('n1', {})).rejects.toThrow('it answered 307');
    expect(asked).toEqual(['/hook?a=b']);
  });

  it('fails on a receiver that hangs up, or says nothing', async () => {
    const gone = await webhookTo((request) => request.socket.destroy());
    await expect(gone.webhook.call('n1', {})).rejects.toThrow('there was no answer');
    const silent = await webhookTo(() => {}, 100);
    await expect(silent.webhook.call('n1', {})).rejects.toThrow('there was no answer');
  });

  it('reads no more of an answer than it needs', async () => {
    const { webhook } = await webhookTo((_, response) => {
      response.writeHead(200);
      const more = () => {
        if (!response.destroyed) response.write('x'.repeat(65_536), () => setImmediate(more));
      };
      more();
    });
    await webhook.call('n1', {});
  });

  it.each([
    'http://example.com/hook',
    'http://127.0.0.1:9001/',
    'https://127.0.0.1/',
    'https://localhost:9001/',
    'https://[::1]/',
  ])('is not made for %s', (url) => {
    expect(() => make(url, false)).toThrow('must be https, and not this machine');
  });

  it.each([
    'https://169.254.169.254/latest/meta-data',
    'https://10.0.0.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://[fd00:ec2::254]/',
    'https://[::ffff:10.0.0.1]/',
  ])('never calls %s', async (url) => {
    await expect(async () => make(url, false).call('n1', {})).rejects.toThrow(/not public|not this machine/);
  });
});
