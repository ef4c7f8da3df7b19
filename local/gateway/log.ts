/** What a gateway tells the engine's log: failures only, no message text, no header. */
export interface GatewayLogEntry {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Logical id of the API. */
  readonly api: string;
  readonly routeKey: string;
  readonly connectionId?: string;
  readonly requestId?: string;
  readonly problem: string;
}

export type GatewayLog = (entry: GatewayLogEntry) => void;
