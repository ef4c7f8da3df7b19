/** Every call of the HTTP API that this version serves, but for the documents' (documents.ts). */
import { authEndpoints } from './auth.ts';
import type { Endpoint } from './endpoint.ts';
import { healthEndpoints } from './health.ts';
import { keyEndpoints } from './keys.ts';
import { messageEndpoints } from './messages.ts';
import { roomEndpoints } from './rooms.ts';

export const endpoints: readonly Endpoint[] = [
  ...authEndpoints,
  ...roomEndpoints,
  ...messageEndpoints,
  ...healthEndpoints,
  ...keyEndpoints,
];
