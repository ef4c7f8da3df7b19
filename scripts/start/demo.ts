/** Two users who can talk at once: made over the public HTTP API, on a development start only. */

export const DEMO_USERS = ['alice', 'bob'] as const;
export const DEMO_ROOM = 'general';
/** Not a secret: the demo users exist only on the machine of who started the engine. */
export const DEMO_PASSWORD = 'parley-demo';

export interface DemoUser {
  readonly user: string;
  readonly accessToken: string;
}

/**
 * Registers alice and bob, or logs them in where the data was kept, and makes both members of the room `general`. Safe to
 * repeat: that is how fresh tokens are had.
 *
 * @param http base address of the running service.
 * @returns each with an access token that is good for fifteen minutes.
 */
export async function createDemo(http: string): Promise<DemoUser[]> {
  const users = await Promise.all(
    DEMO_USERS.map(async (user) => ({ user, accessToken: await enter(http, user) })),
  );
  const [owner, ...others] = users;
  if (!owner) return [];
  const room = { room: DEMO_ROOM, name: 'General', kind: 'public' };
  await post(http, '/api/rooms', room, owner.accessToken, [201, 409]);
  for (const { accessToken } of others) {
    await post(http, `/api/rooms/${DEMO_ROOM}/join`, {}, accessToken, [200]);
  }
  return users;
}

async function enter(http: string, username: string): Promise<string> {
  const credentials = { username, password: DEMO_PASSWORD };
  const registered = await post(http, '/api/auth/register', credentials, undefined, [201, 409]);
  const answer = registered.accessToken
    ? registered
    : await post(http, '/api/auth/login', credentials, undefined, [200]);
  return String(answer.accessToken);
}

async function post(
  http: string,
  path: string,
  body: object,
  token: string | undefined,
  expected: readonly number[],
): Promise<Record<string, unknown>> {
  const response = await fetch(`${http}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!expected.includes(response.status)) {
    throw new Error(`unable to create the demo; POST ${path} answered ${response.status} ${text}`);
  }
  return text ? JSON.parse(text) : {};
}
