import type { HeadersPolicyModel } from '../assembly/distribution-model.ts';

/** Names in lower case. */
export type AnswerHeaders = Readonly<Record<string, string | readonly string[] | number | undefined>>;

/** What an answer says once CloudFront has put its own in: of the origin's stays what the policy does not override. */
export type HeadersRule = (headers: AnswerHeaders) => AnswerHeaders;

export const asTheyAre: HeadersRule = (headers) => headers;

export function headersRule(policy: HeadersPolicyModel | undefined): HeadersRule {
  if (!policy) return asTheyAre;
  return (headers) => {
    const kept = Object.entries(headers).filter(([name]) => !policy.removed.includes(name));
    const result: Record<string, AnswerHeaders[string]> = Object.fromEntries(kept);
    for (const { name, value, override } of policy.headers)
      if (override || result[name] === undefined) result[name] = value;
    return result;
  };
}
