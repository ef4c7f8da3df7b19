import { EngineError } from '../errors.ts';
import type { StackArtifact, TemplateResource } from './cloud-assembly.ts';

/** Types that the engine runs, each read by a file of this folder. */
export const RUN_TYPES: ReadonlySet<string> = new Set([
  'AWS::ApiGatewayV2::Api',
  'AWS::ApiGatewayV2::Integration',
  'AWS::ApiGatewayV2::Route',
  'AWS::ApiGatewayV2::RouteResponse',
  'AWS::ApiGatewayV2::Stage',
  'AWS::CloudFormation::CustomResource',
  'AWS::CloudFront::CachePolicy',
  'AWS::CloudFront::Distribution',
  'AWS::CloudFront::Function',
  'AWS::CloudFront::OriginAccessControl',
  'AWS::CloudFront::ResponseHeadersPolicy',
  'AWS::DynamoDB::GlobalTable',
  'AWS::DynamoDB::Table',
  'AWS::Events::Rule',
  'AWS::IAM::ManagedPolicy',
  'AWS::IAM::Policy',
  'AWS::IAM::Role',
  'AWS::IAM::RolePolicy',
  'AWS::Lambda::Alias',
  'AWS::Lambda::EventInvokeConfig',
  'AWS::Lambda::EventSourceMapping',
  'AWS::Lambda::Function',
  'AWS::Lambda::Permission',
  'AWS::Lambda::Version',
  'AWS::SNS::Subscription',
  'AWS::SNS::Topic',
  'AWS::SNS::TopicPolicy',
  'AWS::S3::Bucket',
  'AWS::S3::BucketPolicy',
  'AWS::SQS::Queue',
  'AWS::SQS::QueuePolicy',
  'AWS::Scheduler::Schedule',
  'AWS::SecretsManager::Secret',
]);

/** Types that a deployment needs and that change nothing about what a client sees on one machine: the reason of each. */
export const WITHOUT_EFFECT: Readonly<Record<string, string>> = {
  'AWS::ApiGateway::Account': 'names the role that writes the access logs of an account',
  'AWS::ApiGatewayV2::ApiMapping': 'binds a custom domain name; the engine answers on its own address',
  'AWS::ApiGatewayV2::Deployment': 'a snapshot of the routes; the engine serves the routes as declared',
  'AWS::ApiGatewayV2::DomainName': 'a custom domain name; the engine answers on its own address',
  'AWS::ApplicationInsights::Application': 'observes',
  'AWS::Budgets::Budget': 'watches the bill of an account',
  'AWS::CDK::Metadata': 'tells AWS which constructs are used',
  'AWS::CertificateManager::Certificate': 'a certificate for a custom domain name',
  'AWS::CloudFront::MonitoringSubscription': 'observes',
  'AWS::CloudWatch::Alarm': 'observes',
  'AWS::CloudWatch::AnomalyDetector': 'observes',
  'AWS::CloudWatch::CompositeAlarm': 'observes',
  'AWS::CloudWatch::Dashboard': 'observes',
  'AWS::Lambda::LayerVersion': 'a function that uses one is refused',
  'AWS::Logs::LogGroup': 'the functions log to the terminal',
  'AWS::Logs::LogStream': 'the functions log to the terminal',
  'AWS::Logs::MetricFilter': 'observes',
  'AWS::Logs::QueryDefinition': 'a saved query',
  'AWS::Logs::ResourcePolicy': 'lets API Gateway write logs',
  'AWS::Logs::SubscriptionFilter': 'forwards logs',
  'AWS::Route53::RecordSet': 'names a custom domain',
  'AWS::SecretsManager::ResourcePolicy': 'grants to other accounts; the functions call by their roles',
  'AWS::WAFv2::WebACL': 'filters traffic from the internet',
  'AWS::WAFv2::WebACLAssociation': 'filters traffic from the internet',
  'AWS::XRay::Group': 'observes',
};

export function isCustomResource(type: string): boolean {
  return type === 'AWS::CloudFormation::CustomResource' || type.startsWith('Custom::');
}

/**
 * Refuses a stack that declares what the engine can't run.
 *
 * @throws EngineError `resource_unsupported`, with type, logical id and construct path of each such resource
 */
export function checkTypes(stack: StackArtifact): void {
  const unsupported = [...stack.resources.values()].filter(
    ({ type }) => !RUN_TYPES.has(type) && !Object.hasOwn(WITHOUT_EFFECT, type) && !isCustomResource(type),
  );
  if (unsupported.length === 0) return;
  const described = unsupported.map((r) => `${r.type} ${r.logicalId} (${r.constructPath})`).join('; ');
  throw new EngineError(
    'resource_unsupported',
    `unable to run the stack ${stack.stackName}; the engine has no part for ${described}`,
  );
}

/** Refuses a property that changes behaviour and that the engine would otherwise pass over in silence. */
export function refuseProperties(resource: TemplateResource, names: Readonly<Record<string, string>>): void {
  for (const [name, reason] of Object.entries(names)) {
    if (resource.properties[name] !== undefined) throw unsupportedProperty(resource, name, reason);
  }
}

export function unsupportedProperty(resource: TemplateResource, name: string, reason: string): EngineError {
  const where = `${resource.type} ${resource.logicalId} (${resource.constructPath})`;
  return new EngineError('property_unsupported', `unable to run ${where}; ${name}: ${reason}`);
}
