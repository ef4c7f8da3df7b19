/** One topic of AWS SNS, over the signed sender: its query protocol needs no SDK. */
import { type AwsSend, AwsUnreachable } from './client.ts';

/** SNS refused a message, so that nobody got it. `code` is what it calls the reason. */
export class TopicRefusal extends Error {
  override readonly name = 'TopicRefusal';
  readonly code: string;

  constructor(code: string) {
    super(`Publish: ${code}`);
    this.code = code;
  }
}

/** Whether subscribers got the message is not known: SNS failed at it, or did not answer. */
export class TopicInDoubt extends Error {
  override readonly name = 'TopicInDoubt';
}

export interface Topic {
  /**
   * Publishes a message. What is in doubt is not sent again here: that is for who knows what a repeat does.
   *
   * @param body an object, sent as JSON; 256 KiB at most with the attributes.
   * @param attributes texts that subscriptions may filter by, 10 at most.
   * @throws {TopicRefusal}; {TopicInDoubt}.
   */
  publish(body: object, attributes: Readonly<Record<string, string>>): Promise<void>;
}

const CALL_TIMEOUT_MS = 5_000;
const ATTEMPTS = 4;
/** First pause between attempts, milliseconds; doubles. */
const FIRST_PAUSE_MS = 50;
/** Refusals that heal by themselves. */
const THROTTLED = new Set(['Throttled', 'Throttling', 'ThrottledException', 'ThrottlingException']);

export function createTopic(options: {
  readonly send: AwsSend;
  readonly origin: string;
  readonly arn: string;
}): Topic {
  async function attempt(body: string): Promise<void> {
    const response = await options
      .send({
        service: 'sns',
        origin: options.origin,
        method: 'POST',
        path: '/',
        headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
        body,
        timeoutMs: CALL_TIMEOUT_MS,
      })
      .catch((error: unknown) => {
        if (!(error instanceof AwsUnreachable)) throw error;
        throw new TopicInDoubt('Publish: no answer', { cause: error });
      });
    if (response.status === 200) return;
    if (response.status >= 500) throw new TopicInDoubt(`Publish: HTTP ${response.status}`);
    throw new TopicRefusal(/<Code>(\w+)<\/Code>/.exec(response.body)?.[1] ?? `HTTP ${response.status}`);
  }

  return {
    async publish(body, attributes) {
      const form = new URLSearchParams({
        Action: 'Publish',
        Version: '2010-03-31',
        TopicArn: options.arn,
        Message: JSON.stringify(body),
      });
      for (const [index, [name, value]] of Object.entries(attributes).entries()) {
        const entry = `MessageAttributes.entry.${index + 1}`;
        form.set(`${entry}.Name`, name);
        form.set(`${entry}.Value.DataType`, 'String');
        form.set(`${entry}.Value.StringValue`, value);
      }
      const text = form.toString();
      for (let tries = 1; ; tries++) {
        try {
          return await attempt(text);
        } catch (error) {
          const heals = error instanceof TopicRefusal && THROTTLED.has(error.code);
          if (!heals || tries === ATTEMPTS) throw error;
          await new Promise((resolve) => setTimeout(resolve, FIRST_PAUSE_MS * 2 ** (tries - 1)));
        }
      }
    },
  };
}
