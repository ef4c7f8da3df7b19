/** Filter policies of subscriptions: https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html */
import { compileFilters } from '../streams/filter.ts';
import type { MessageAttribute, Notification } from './notification.ts';
import { POLICY_RULES } from './policy-rules.ts';

export type Passes = (notification: Notification, protocol: string) => boolean;

/**
 * @param scope - `MessageAttributes` or `MessageBody`
 * @throws PatternError for a policy that can't be read
 */
export function compilePolicy(policy: Readonly<Record<string, unknown>> | undefined, scope: string): Passes {
  if (!policy) return () => true;
  const matches = compileFilters([policy], POLICY_RULES);
  if (scope === 'MessageBody') {
    return ({ textFor }, protocol) => {
      try {
        const body: unknown = JSON.parse(textFor(protocol));
        return typeof body === 'object' && body !== null && matches(body);
      } catch {
        return false;
      }
    };
  }
  return ({ attributes }) => {
    const entries = Object.entries(attributes).map(([name, attribute]) => [name, comparedOf(attribute)]);
    return matches(Object.fromEntries(entries));
  };
}

/** What a policy compares: text, a number, or each item of a list. A binary attribute is not looked at. */
function comparedOf({ DataType, StringValue = '' }: MessageAttribute): unknown {
  const type = DataType.split('.')[0];
  if (type === 'Number') return Number(StringValue);
  if (type === 'Binary') return undefined;
  if (DataType !== 'String.Array') return StringValue;
  try {
    return JSON.parse(StringValue);
  } catch {
    return StringValue;
  }
}
