/** The public signing keys, for whoever wants to verify an access token. */
import * as z from 'zod/mini';
import { PUBLIC_KEYS_MAX_AGE_MS } from '../../shared/auth/public-keys.ts';
import { getPublicKeys, PublicKey } from '../../shared/data/public-keys.ts';
import { openEndpoint } from './endpoint.ts';

const keys = openEndpoint(
  {
    method: 'GET',
    path: '/.well-known/jwks.json',
    operation: 'read the public keys',
    summary: 'The public signing keys, as a JWK set.',
    tag: 'Service',
    status: 200,
    answer: z.object({ keys: z.array(PublicKey) }),
    // As long as our own verifiers keep them: a new key is published for longer than this before it signs.
    cache: `public, max-age=${PUBLIC_KEYS_MAX_AGE_MS / 1_000}`,
  },
  async ({ services }) => ({ keys: await getPublicKeys(services.context.chat) }),
);

export const keyEndpoints = [keys];
