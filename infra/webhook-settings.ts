/** An outgoing webhook, as the context sets it. */
export interface WebhookSettings {
  readonly url: string;
  /** Kinds of notifications that it is called with. */
  readonly kinds: readonly string[];
}

/** What the protocol knows (shared/protocol/frames.ts). */
const KINDS: readonly string[] = ['mention', 'direct', 'message'];

/** Takes values out of the context. */
interface Context {
  text(key: string, pattern: RegExp, rule: string): string | undefined;
  list(key: string, accept: (item: string) => boolean, rule: string): readonly string[] | undefined;
  fault(text: string): void;
}

/** @returns undefined where nobody is called. */
export function readWebhook(context: Context): WebhookSettings | undefined {
  const url = context.text(
    'webhookUrl',
    // The function refuses what leads to no public address, and this machine but on an engine.
    /^(https:\/\/[^\s?#/@]+|http:\/\/(localhost|127\.0\.0\.1)(:\d+)?)(\/[^\s#]*)?$/,
    'an https address, without a name and a password in it',
  );
  const kinds = context.list('webhookKinds', (kind) => KINDS.includes(kind), `of ${KINDS.join(', ')}`);
  if (url !== undefined) return { url, kinds: kinds ?? KINDS };
  if (kinds !== undefined) context.fault('context webhookKinds needs webhookUrl');
  return undefined;
}
