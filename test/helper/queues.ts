/** A real SQS for the functions of this process, with the queues that they send to. */
import { startFauxqs } from 'fauxqs';
import type { Look } from '../../shared/chat/connection-watch.ts';

const WATCH = 'watch';

export interface Queues {
  /** What a function's environment needs to find them. */
  readonly environment: Readonly<Record<string, string>>;
  /** Which connections are to be looked at, and in how many seconds from when the message was sent. */
  looks(): readonly (Look & { readonly delaySeconds: number })[];
  stop(): Promise<void>;
}

export async function startQueues(): Promise<Queues> {
  const server = await startFauxqs({ port: 0, host: '127.0.0.1', logger: false });
  const { queueUrl } = server.createQueue(WATCH);
  return {
    environment: { AWS_ENDPOINT_URL_SQS: server.address, CONNECTION_WATCH_QUEUE: queueUrl },
    looks() {
      const messages = server.inspectQueue(WATCH)?.messages;
      return [...(messages?.ready ?? []), ...(messages?.delayed ?? [])].map(
        ({ body, sentTimestamp, delayUntil }) => ({
          ...JSON.parse(body),
          delaySeconds: delayUntil === undefined ? 0 : Math.round((delayUntil - sentTimestamp) / 1_000),
        }),
      );
    },
    stop: () => server.stop(),
  };
}
