import type { ConnectionWatch } from './connection-watch.ts';
import type { Erasure } from './erasure.ts';
import type { FanOut } from './fan-out.ts';
import type { Files } from './files.ts';
import type { HttpApi } from './http-api.ts';
import type { LogStream } from './log-stream.ts';
import type { Notifications } from './notifications.ts';
import type { PresenceTeller } from './presence.ts';
import type { Retention } from './retention.ts';
import type { Settler } from './settler.ts';
import type { Tables } from './tables.ts';
import type { Webhook } from './webhook.ts';
import type { WebSocketApi } from './websocket-api.ts';

/** The parts of the stack that are watched. */
export interface Parts {
  readonly tables: Tables;
  readonly webSocketApi: WebSocketApi;
  readonly httpApi: HttpApi;
  readonly log: LogStream;
  readonly fanOut: FanOut;
  readonly settler: Settler;
  readonly erasure: Erasure;
  readonly files: Files;
  readonly notifications: Notifications;
  readonly webhook: Webhook | undefined;
  readonly retention: Retention;
  readonly presence: PresenceTeller;
  readonly watch: ConnectionWatch;
}
