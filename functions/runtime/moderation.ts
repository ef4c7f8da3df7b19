/** The call of the operator's moderation hook, a Lambda function, before a message is committed. */
import * as z from 'zod/mini';
import { type AwsSend, AwsUnreachable, serviceOrigin } from '../../shared/aws/client.ts';
import type { Moderate, Verdict } from '../../shared/chat/moderation.ts';
import { ENV } from '../../shared/environment.ts';
import type { Logger } from '../../shared/observability/log.ts';
import { characters, Text } from '../../shared/protocol/ids.ts';

export interface ModerationSettings {
  readonly functionArn: string;
  /** How long a message waits for its verdict. */
  readonly timeoutMs: number;
  /** What becomes of a message without a verdict: `open`, it passes; `closed`, it is not sent. */
  readonly onTimeout: 'open' | 'closed';
}

type Environment = Readonly<Record<string, string | undefined>>;

/** What the hook may answer; anything else is no verdict. */
const Answer: z.ZodMiniType<Verdict> = z.discriminatedUnion('decision', [
  z.object({ decision: z.literal('pass') }),
  z.object({ decision: z.literal('change'), text: Text }),
  z.object({ decision: z.literal('refuse'), reason: characters(1, 200) }),
]);

/** @returns undefined where the operator has no hook. @throws {Error} for a time-out that is no number. */
export function readModerationSettings(environment: Environment): ModerationSettings | undefined {
  const functionArn = environment[ENV.moderationFunction];
  if (!functionArn) return undefined;
  const timeoutMs = Number(environment[ENV.moderationTimeoutMs]);
  if (!(timeoutMs > 0)) throw new Error(`unable to start; ${ENV.moderationTimeoutMs} is no number from 1`);
  const onTimeout = environment[ENV.moderationOnTimeout] === 'closed' ? 'closed' : 'open';
  return { functionArn, timeoutMs, onTimeout };
}

/** Asks the hook. Text goes to it and nowhere else; what is logged of a hook that fails is only that it did. */
export function createModerate(
  { functionArn, timeoutMs, onTimeout }: ModerationSettings,
  { send, environment, logger }: { send: AwsSend; environment: Environment; logger: Logger },
): Moderate {
  const origin = serviceOrigin('lambda', environment);
  const path = `/2015-03-31/functions/${encodeURIComponent(functionArn)}/invocations`;

  async function ask(draft: object): Promise<Verdict | undefined> {
    const { status, body } = await send({
      service: 'lambda',
      origin,
      method: 'POST',
      path,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(draft),
      timeoutMs,
    });
    // A function that failed answers 200 too, with its error in the body.
    const answer = z.safeParse(Answer, status === 200 ? parseJson(body) : undefined);
    return answer.success ? answer.data : undefined;
  }

  return async (draft) => {
    const startedAt = performance.now();
    const verdict = await within(timeoutMs, ask(draft));
    if (verdict) return verdict;
    logger.warn('no verdict of the moderation hook', {
      room: draft.room,
      ms: Math.round(performance.now() - startedAt),
      onTimeout,
    });
    return onTimeout === 'open' ? { decision: 'pass' } : undefined;
  };
}

/** What comes in time; undefined for what does not, or gets no answer. */
async function within<T>(ms: number, work: Promise<T | undefined>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  const answered = work.catch((error: unknown) => {
    if (error instanceof AwsUnreachable) return undefined;
    throw error;
  });
  try {
    return await Promise.race([answered, timeout]);
  } finally {
    clearTimeout(timer);
    // Its failure after the time-out concerns nobody any more.
    answered.catch(() => undefined);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
