import { createHash } from 'node:crypto';
import { PatternError } from '../streams/filter.ts';
import { compilePolicy } from '../topics/filter-policy.ts';
import { isObject, type Json, type JsonObject, objectOf, type TemplateResource } from './cloud-assembly.ts';
import type { FunctionModel, QueueModel, SubscriptionModel, TopicModel } from './model.ts';
import { functionArnOf } from './read-functions.ts';
import { type AssemblyReader, flagOf, objectsOf, textOf } from './reader.ts';
import { refuseProperties, unsupportedProperty } from './resource-types.ts';

/** Sent to people, who read it elsewhere: passed over. */
const MAIL = new Set(['email', 'email-json']);

/** What a subscription may deliver to. */
interface Endpoints {
  readonly functions: readonly FunctionModel[];
  readonly queues: readonly QueueModel[];
}

/**
 * Topics with those of their subscriptions that something of the stack hears.
 *
 * @throws EngineError `property_unsupported` for one that something else would hear
 */
export function readTopics(reader: AssemblyReader, endpoints: Endpoints): TopicModel[] {
  const declared = reader.ofType('AWS::SNS::Subscription').map(({ template, properties }) => ({
    template,
    properties,
    topicArn: String(properties.TopicArn),
  }));
  return reader.ofType('AWS::SNS::Topic').map(({ origin, template, properties, identity }) => {
    refuseProperties(template, { FifoTopic: 'the engine has no FIFO topics' });
    const arn = identity.ref;
    const inline = objectsOf(properties.Subscription).map((one) => ({
      template,
      properties: one,
      topicArn: arn,
    }));
    const subscriptions = [...inline, ...declared]
      .filter(({ topicArn, properties: { Protocol } }) => topicArn === arn && !MAIL.has(String(Protocol)))
      .map((one, index) => subscriptionOf(one.template, one.properties, arn, index, endpoints));
    return { ...origin, arn, subscriptions };
  });
}

function subscriptionOf(
  template: TemplateResource,
  properties: JsonObject,
  topicArn: string,
  index: number,
  { functions, queues }: Endpoints,
): SubscriptionModel {
  const { Protocol, Endpoint, FilterPolicy, RawMessageDelivery, RedrivePolicy } = properties;
  const protocol = String(Protocol);
  if (protocol !== 'lambda' && protocol !== 'sqs') {
    throw unsupportedProperty(
      template,
      'Protocol',
      `the engine delivers to functions and queues, not over "${protocol}"`,
    );
  }
  const endpoint = protocol === 'lambda' ? functionArnOf(String(Endpoint), functions) : String(Endpoint);
  const known: readonly { readonly arn: string }[] = protocol === 'lambda' ? functions : queues;
  const require = (arn: string, among: readonly { readonly arn: string }[], property: string): void => {
    if (among.some((one) => one.arn === arn)) return;
    throw unsupportedProperty(template, property, `the stack does not declare ${arn}`);
  };
  require(endpoint, known, 'Endpoint');
  const deadLetterArn = textOf(parsed(template, 'RedrivePolicy', RedrivePolicy)?.deadLetterTargetArn);
  if (deadLetterArn !== undefined) require(deadLetterArn, queues, 'RedrivePolicy');
  const filterPolicy = parsed(template, 'FilterPolicy', FilterPolicy);
  const filterPolicyScope = textOf(properties.FilterPolicyScope) ?? 'MessageAttributes';
  try {
    compilePolicy(filterPolicy, filterPolicyScope);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    throw unsupportedProperty(template, 'FilterPolicy', error.message);
  }
  return {
    arn: `${topicArn}:${uuidOf(`${topicArn}/${template.logicalId}/${index}`)}`,
    topicArn,
    constructPath: template.constructPath,
    protocol,
    endpoint,
    raw: flagOf(RawMessageDelivery),
    filterPolicyScope,
    ...(filterPolicy && { filterPolicy }),
    ...(deadLetterArn !== undefined && { deadLetterArn }),
  };
}

/** CloudFormation takes these as an object or as its text. */
function parsed(template: TemplateResource, name: string, value: Json | undefined): JsonObject | undefined {
  if (value === undefined || value === null) return undefined;
  if (isObject(value)) return value;
  try {
    return objectOf(JSON.parse(String(value)));
  } catch {
    throw unsupportedProperty(template, name, `${String(value)} is not JSON`);
  }
}

/** The same at each start. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return hex.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
