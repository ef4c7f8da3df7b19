import { type AssemblyReader, textOf } from './reader.ts';
import { unsupportedProperty } from './resource-types.ts';

/** Nothing on one machine publishes to a topic but what a function sends, and for that the engine has no SNS. */
const MAIL = new Set(['email', 'email-json']);

/**
 * Passes over subscriptions that send mail to people.
 *
 * @throws EngineError `property_unsupported` for one that something of the stack would hear
 */
export function checkSubscriptions(reader: AssemblyReader): void {
  for (const { template, properties } of reader.ofType('AWS::SNS::Subscription')) {
    const protocol = textOf(properties.Protocol) ?? '';
    if (MAIL.has(protocol)) continue;
    throw unsupportedProperty(template, 'Protocol', `the engine has no SNS to deliver over "${protocol}"`);
  }
}
