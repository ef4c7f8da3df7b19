/** What API Gateway tells a handler of a WebSocket API: the fields that Parley reads, and nothing else. */
export interface SocketEvent {
  readonly body?: string | null;
  readonly isBase64Encoded?: boolean;
  readonly headers?: Readonly<Record<string, string | undefined>> | null;
  readonly queryStringParameters?: Readonly<Record<string, string | undefined>> | null;
  readonly requestContext: {
    readonly connectionId: string;
    readonly requestId?: string;
    readonly routeKey?: string;
    /** `CONNECT`, `MESSAGE` or `DISCONNECT`. */
    readonly eventType?: string;
    /** Epoch milliseconds. */
    readonly connectedAt?: number;
    readonly domainName?: string;
    readonly stage?: string;
  };
}

/** What API Gateway takes as the answer: the status decides a handshake, the body goes to the client as a frame. */
export interface SocketAnswer {
  readonly statusCode: number;
  readonly body?: string;
}

/** A header's value, whatever the case of its name. */
export function header(event: SocketEvent, name: string): string | undefined {
  const wanted = name.toLowerCase();
  for (const [key, value] of Object.entries(event.headers ?? {})) {
    if (key.toLowerCase() === wanted) return value;
  }
  return undefined;
}
