/** `npm run rotate-keys` against a running stack, while people use it. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bodyOf, call, register, type Tokens } from '../helper/account.ts';
import { openClient } from '../helper/client.ts';
import { type Started, startService } from '../helper/start.ts';

const ROOT = join(import.meta.dirname, '../..');
/** People who call, connect and refresh one after another, for as long as the command runs. */
const PEOPLE = 4;

let service: Started;
beforeAll(async () => {
  service = await startService({ commandsPerMinute: '100000', commandBurst: '10000' });
}, 120_000);
afterAll(() => service?.close());

async function rotate(stack: string): Promise<{ stdout: string; stderr: string; failed: boolean }> {
  const env = {
    ...process.env,
    AWS_ENDPOINT_URL: service.aws,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'user',
    AWS_SECRET_ACCESS_KEY: 'any',
  };
  const args = ['--import', 'tsx', 'scripts/rotate-keys.ts', '--stack', stack];
  try {
    return { ...(await promisify(execFile)(process.execPath, args, { cwd: ROOT, env })), failed: false };
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return { stdout, stderr, failed: true };
  }
}

const keys = async () =>
  bodyOf<{ keys: { kid: string }[] }>(await call(service, 'GET', '/.well-known/jwks.json'), 200).keys;

it('publishes the next key, and nobody notices', async () => {
  let over = false;
  let done = 0;
  const people = Array.from({ length: PEOPLE }, async (_, index) => {
    const account = await register(service, `rotating-${index}`);
    const login = { username: account.user, password: account.password };
    let tokens = bodyOf<Tokens>(await call(service, 'POST', '/api/auth/login', { body: login }), 200);
    while (!over) {
      bodyOf(await call(service, 'GET', '/api/auth/me', { token: tokens.accessToken }), 200);
      const client = await openClient(service, { token: tokens.accessToken });
      await client.command('authenticate', { token: tokens.accessToken });
      await client.close();
      const body = { refreshToken: tokens.refreshToken };
      tokens = bodyOf<Tokens>(await call(service, 'POST', '/api/auth/refresh', { body }), 200);
      done++;
    }
    return { account, tokens };
  });
  const [before] = await keys();
  const first = await rotate('Parley-dev');
  expect(first.stderr).toBe('');
  const after = await keys();
  expect(after).toHaveLength(2);
  expect(after[0]).toEqual(before);
  expect(first.stdout).toMatch(
    new RegExp(`^${before?.kid}  signs since .*\n${after[1]?.kid}  signs from .*\n$`),
  );
  // One waits to sign already: nothing more is made.
  expect((await rotate('Parley-dev')).stdout).toBe(first.stdout);
  over = true;
  for (const { account, tokens } of await Promise.all(people)) {
    const jwks = createRemoteJWKSet(new URL(`${service.http}/.well-known/jwks.json`));
    const { payload } = await jwtVerify(tokens.accessToken, jwks);
    expect(payload.sub).toBe(account.user);
  }
  expect(done).toBeGreaterThan(PEOPLE);
}, 60_000);

it('says what is wrong with the name of the stack', async () => {
  const { stderr, failed } = await rotate('Parley-nowhere');
  expect(failed).toBe(true);
  expect(stderr).toContain('unable to rotate the keys; ResourceNotFoundException');
});
