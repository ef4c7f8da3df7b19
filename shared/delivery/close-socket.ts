/** Closes one connection: tells the client why, if it still hears, and ends the socket. */
import type { CloseSocket, SocketEnd } from '../chat/revocation.ts';
import type { Closing } from '../data/connections.ts';
import type { Logger } from '../observability/log.ts';
import type { Frame } from '../protocol/frames.ts';
import type { Lane } from './lane.ts';
import { createPayload, type Payload, type Poster, type Target } from './poster.ts';

export interface ClosingTools {
  readonly poster: Poster;
  readonly lane: Lane;
  sleep(ms: number): Promise<void>;
  /** 0 to 1. */
  random(): number;
}

/** First pause before a request is repeated, milliseconds; doubles up to the longest; full jitter. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_600;
/** Tries to close a connection that can't be reached. */
const CLOSE_ATTEMPTS = 3;

/** Posts the frame `closing` once, and closes. `refused`: API Gateway takes no request of ours. Never throws for its sake. */
export async function tellAndClose(
  tools: ClosingTools,
  target: Target,
  frame: Payload,
): Promise<SocketEnd | 'refused'> {
  const { lane, poster } = tools;
  const told = await lane(() => poster.post(target, frame));
  if (told === 'gone') return 'gone';
  for (let attempt = 0; attempt < CLOSE_ATTEMPTS; attempt++) {
    if (attempt > 0) await tools.sleep(pauseBefore(tools, attempt));
    const outcome = await lane(() => poster.close(target));
    if (outcome === 'done') return 'closed';
    // It was there a moment ago: what made it go is no concern of ours.
    if (outcome === 'gone') return told === 'done' ? 'closed' : 'gone';
    if (outcome === 'refused') return 'refused';
  }
  return 'stuck';
}

export function closingFrame({ code, reconnect }: Closing): Payload {
  const frame = { type: 'closing', code, reconnect } satisfies Frame;
  return createPayload(JSON.stringify(frame));
}

/** Milliseconds to wait before a request is sent again. */
export function pauseBefore({ random }: Pick<ClosingTools, 'random'>, attempt: number): number {
  return random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
}

/** What shared/chat/revocation.ts closes sockets with. Being refused is a fault to be mended here: it is logged, and tried again. */
export function createCloseSocket(tools: ClosingTools & { readonly logger: Logger }): CloseSocket {
  return async (target, closing) => {
    const end = await tellAndClose(tools, target, closingFrame(closing));
    if (end !== 'refused') return end;
    const refused = new Error('API Gateway takes no request of ours');
    tools.logger.error('connection not closed', refused, { connectionId: target.connection });
    return 'stuck';
  };
}
