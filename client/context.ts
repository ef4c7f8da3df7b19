/** What the parts of a client share while one user is logged in. */
import type { UserId } from '../shared/protocol/ids.ts';
import type { Http } from './http.ts';
import type { Link } from './link.ts';
import type { Timing } from './options.ts';
import type { Channel, Platform } from './platform.ts';
import type { Vault } from './vault.ts';

export interface Context {
  readonly platform: Platform;
  readonly timing: Timing;
  readonly http: Http;
  readonly link: Link;
  readonly vault: Vault;
  readonly channel: Channel | undefined;
  /** Who is logged in; empty while nobody is. */
  readonly me: () => UserId;
  readonly problem: (what: string) => void;
}
