/** A real OpenID Connect provider on a free port, at which a person logs in as in a browser. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';

export interface OidcProvider {
  readonly issuer: string;
  /** Requests for its keys so far. */
  keyRequests(): number;
  /** Logs in with the authorization code flow. */
  logIn(sub: string, audience?: string): Promise<{ readonly accessToken: string; readonly idToken: string }>;
  stop(): Promise<void>;
}

const CLIENT = { client_id: 'chat-app', client_secret: 'a secret of this test' };
const REDIRECT = 'https://app.example/callback';
/** Redirects and forms of one login, at most. */
const STEPS = 20;

/** @param audience of the access tokens, unless a login asks for another; `seconds` that they live. */
export async function startOidcProvider({
  audience = 'parley-api',
  seconds = 300,
} = {}): Promise<OidcProvider> {
  let handle: ReturnType<Provider['callback']> = (_, response) => response.end();
  let keyRequests = 0;
  const server = createServer((request, response) => {
    if (request.url?.endsWith('/jwks')) keyRequests++;
    handle(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  const issuer = `http://127.0.0.1:${address.port}`;
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const key = { ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig', kid: 'one' };
  const provider = new Provider(issuer, {
    clients: [
      {
        ...CLIENT,
        redirect_uris: [REDIRECT],
        response_types: ['code'],
        grant_types: ['authorization_code'],
        token_endpoint_auth_method: 'client_secret_post',
        id_token_signed_response_alg: 'ES256',
      },
    ],
    jwks: { keys: [key] },
    cookies: { keys: ['a secret of this test'] },
    // In numbers: for each that is not given the package says something.
    ttl: {
      Interaction: 600,
      Session: 600,
      Grant: 600,
      AccessToken: seconds,
      IdToken: 600,
      AuthorizationCode: 60,
    },
    pkce: { required: () => false },
    findAccount: (_: unknown, accountId: string) => ({
      accountId,
      claims: async () => ({ sub: accountId }),
    }),
    features: {
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: (_: unknown, resource: string) => ({
          scope: 'chat',
          audience: resource.replace('urn:', ''),
          accessTokenFormat: 'jwt',
          accessTokenTTL: seconds,
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
  });
  handle = provider.callback();

  return {
    issuer,
    keyRequests: () => keyRequests,
    async logIn(sub, asked = audience) {
      const browser = createBrowser();
      const query = new URLSearchParams({
        client_id: CLIENT.client_id,
        redirect_uri: REDIRECT,
        response_type: 'code',
        scope: 'openid chat',
        resource: `urn:${asked}`,
      });
      const code = await browser.authorize(`${issuer}/auth?${query}`, sub);
      const response = await fetch(`${issuer}/token`, {
        method: 'POST',
        body: new URLSearchParams({
          ...CLIENT,
          grant_type: 'authorization_code',
          code,
          redirect_uri: REDIRECT,
          resource: `urn:${asked}`,
        }),
      });
      const tokens = (await response.json()) as { access_token?: string; id_token?: string };
      if (!tokens.access_token || !tokens.id_token) throw new Error(`no tokens: ${JSON.stringify(tokens)}`);
      return { accessToken: tokens.access_token, idToken: tokens.id_token };
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** As much of a browser as a login needs: cookies, redirects, and the two forms of the development pages. */
function createBrowser() {
  const cookies = new Map<string, string>();

  async function request(url: string, form?: Readonly<Record<string, string>>): Promise<Response> {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form ? { method: 'POST', body: new URLSearchParams(form) } : {}),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      cookies.set(name, value);
    }
    return response;
  }

  return {
    /** @returns the code that the client gets. */
    async authorize(url: string, sub: string): Promise<string> {
      let response = await request(url);
      for (let step = 0; step < STEPS; step++) {
        const location = response.headers.get('location');
        if (location?.startsWith(REDIRECT)) {
          const code = new URL(location).searchParams.get('code');
          if (!code) throw new Error(`no code: ${location}`);
          return code;
        }
        if (location) {
          response = await request(new URL(location, url).href);
          continue;
        }
        const page = await response.text();
        const action = /<form[^>]*action="([^"]+)"/.exec(page)?.[1];
        if (!action) throw new Error(`no form: ${response.status} ${page.slice(0, 300)}`);
        const prompt = /name="prompt" value="([^"]+)"/.exec(page)?.[1] ?? '';
        response = await request(new URL(action, url).href, { prompt, login: sub, password: 'any' });
      }
      throw new Error('the login did not come to an end');
    },
  };
}
