/** Every call of the HTTP API that this version serves, but for the documents' (documents.ts). */
import { accountEndpoints } from './accounts.ts';
import { directEndpoints } from './direct.ts';
import type { Endpoint } from './endpoint.ts';
import { healthEndpoints } from './health.ts';
import { keyEndpoints } from './keys.ts';
import { memberEndpoints } from './members.ts';
import { messageChangeEndpoints } from './message-changes.ts';
import { messageEndpoints } from './messages.ts';
import { preferenceEndpoints } from './preferences.ts';
import { reportEndpoints } from './reports.ts';
import { roomExportEndpoints } from './room-export.ts';
import { fileEndpoints } from './room-files.ts';
import { roomEndpoints } from './rooms.ts';
import { searchEndpoints } from './search.ts';
import { sessionEndpoints } from './sessions.ts';
import { userEndpoints } from './users.ts';

export const endpoints: readonly Endpoint[] = [
  ...accountEndpoints,
  ...sessionEndpoints,
  ...userEndpoints,
  ...roomEndpoints,
  ...memberEndpoints,
  ...preferenceEndpoints,
  ...directEndpoints,
  ...messageEndpoints,
  ...messageChangeEndpoints,
  ...searchEndpoints,
  ...reportEndpoints,
  ...fileEndpoints,
  ...roomExportEndpoints,
  ...healthEndpoints,
  ...keyEndpoints,
];
