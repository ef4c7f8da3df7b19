import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../functions/http/app.ts';
import { endpoints } from '../../functions/http/endpoints.ts';
import { createServices } from '../../functions/http/services.ts';
import { createRuntime } from '../../functions/runtime/runtime.ts';
import { type HttpApp, startHttpApp } from '../helper/http-app.ts';

let app: HttpApp;
beforeAll(async () => {
  app = await startHttpApp();
});
afterAll(() => app.stop());

/** The same service with its tables at another address. */
function appAt(endpoint: string) {
  const runtime = createRuntime({
    ...app.runtime.environment,
    AWS_ENDPOINT_URL: endpoint,
    LOG_LEVEL: 'none of these',
  });
  return createApp({ ...createServices(runtime), logger: app.services.logger }, endpoints);
}

describe('GET /health', () => {
  it('says that all is well, and the version', async () => {
    const reply = await app.ask('GET', '/health');
    expect(reply.status).toBe(200);
    expect(reply.body).toEqual({ status: 'ok', version: '1.2.3' });
  });

  it('says 503 where the storage refuses connections', async () => {
    const response = await appAt('http://127.0.0.1:1').request('/health');
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ error: { code: 'unavailable' } });
  });

  it('says 503 within seconds where the storage takes calls and does not answer', async () => {
    const silent = createServer();
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    if (address === null || typeof address === 'string') throw new Error('no address');
    const startedAt = performance.now();
    const response = await appAt(`http://127.0.0.1:${address.port}`).request('/health');
    expect(response.status).toBe(503);
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    silent.close();
  });
});

describe('a call while the storage does not answer', () => {
  it('is refused as unavailable, which is safe to try again', async () => {
    const { token } = await app.newUser();
    const response = await appAt('http://127.0.0.1:1').request('/api/auth/me', {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ error: { code: 'unavailable' } });
  });

  it('is refused as unavailable where the signing keys can not be read, and takes no name', async () => {
    const fresh = createApp(createServices({ ...app.runtime }), endpoints);
    app.secrets.before(() => {
      throw new Error('AccessDeniedException');
    });
    const register = async () =>
      fresh.request('/api/auth/register', {
        method: 'POST',
        body: JSON.stringify({ username: 'unlucky', password: 'long enough' }),
      });
    const response = await register();
    app.secrets.before(() => undefined);
    expect(response.status).toBe(503);
    expect(await response.text()).not.toMatch(/secret|denied/i);
    expect((await register()).status).toBe(201);
  });
});
