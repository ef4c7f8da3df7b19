/** The hook before an append, as the context sets it. */
export interface ModerationSettings {
  /** A function of the deployer's own; without it the one here, with the words. */
  readonly functionArn: string | undefined;
  readonly words: readonly string[];
  readonly timeoutMs: number;
  readonly onTimeout: (typeof ON_TIMEOUT)[number];
}

/** What becomes of a message without a verdict: it passes, or it is not sent. */
const ON_TIMEOUT = ['open', 'closed'] as const;

/** Takes values out of the context. */
interface Context {
  text(key: string, pattern: RegExp, rule: string): string | undefined;
  list(key: string, accept: (item: string) => boolean, rule: string): readonly string[] | undefined;
  whole(key: string, least: number, most: number, otherwise: number): number;
  one<T extends string>(key: string, choices: readonly T[], otherwise: T): T;
  fault(text: string): void;
}

/** @returns undefined where no message is moderated, which costs nothing. */
export function readModeration(context: Context): ModerationSettings | undefined {
  const functionArn = context.text(
    'moderationFunctionArn',
    /^arn:[^:]+:lambda:[^:]+:\d{12}:function:[\w-]+(:[\w$-]+)?$/,
    'the ARN of a Lambda function',
  );
  const words =
    context.list('moderationWords', (word) => /^!?[\p{L}\p{N}\p{M}]+$/u.test(word), 'words') ?? [];
  // Every message waits for it.
  const timeoutMs = context.whole('moderationTimeoutMs', 10, 5_000, 200);
  const onTimeout = context.one('moderationOnTimeout', ON_TIMEOUT, 'open');
  if (functionArn !== undefined && words.length > 0) {
    context.fault('context moderationFunctionArn and moderationWords exclude each other');
  }
  return functionArn === undefined && words.length === 0
    ? undefined
    : { functionArn, words, timeoutMs, onTimeout };
}
