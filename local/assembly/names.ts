import { createHash } from 'node:crypto';
import { EngineError } from '../errors.ts';
import type { Json, TemplateResource } from './cloud-assembly.ts';
import { markOf } from './custom-values.ts';
import { isCustomResource } from './resource-types.ts';

/** Where the names and addresses of a stack live. */
export interface Place {
  readonly stackName: string;
  readonly region: string;
  readonly account: string;
  /** Endpoint of the AWS services on this machine, without a slash at the end; queue URLs begin with it. */
  readonly awsEndpoint: string;
}

/** What a resource answers to `Ref` and `Fn::GetAtt`. */
export interface Identity {
  readonly ref: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
const BUCKET_NAME_LENGTH = 63;

/** The label of every stream: AWS's is the time of its creation; a fixed one keeps ARNs equal over restarts. */
const STREAM_LABEL = '2026-01-01T00:00:00.000';

/** Name of an unnamed resource, as CloudFormation makes it but without the random part. */
export function physicalName(place: Place, logicalId: string): string {
  return `${place.stackName}-${logicalId}`;
}

function digest(place: Place, logicalId: string, alphabet: string, length: number): string {
  const bytes = createHash('sha256').update(`${place.stackName}/${logicalId}`).digest();
  return Array.from(bytes.subarray(0, length), (byte) => alphabet[byte % alphabet.length]).join('');
}

const LOWER = 'abcdefghijklmnopqrstuvwxyz0123456789';
const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const MIXED = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/**
 * The name and the attributes of a resource, derived from its stack and logical id alone.
 *
 * @param named - its explicit name, resolved, where the template gives one
 */
export function identify(resource: TemplateResource, named: string | undefined, place: Place): Identity {
  const { type, logicalId } = resource;
  const { region, account } = place;
  const name = named ?? physicalName(place, logicalId);
  const arn = (service: string, rest: string) => `arn:aws:${service}:${region}:${account}:${rest}`;
  switch (type) {
    case 'AWS::Lambda::Version':
    case 'AWS::Lambda::Alias':
      return qualified(resource, place);
    case 'AWS::DynamoDB::Table':
    case 'AWS::DynamoDB::GlobalTable': {
      const tableArn = arn('dynamodb', `table/${name}`);
      const attributes = {
        Arn: tableArn,
        StreamArn: `${tableArn}/stream/${STREAM_LABEL}`,
        TableId: logicalId,
      };
      return { ref: name, attributes };
    }
    case 'AWS::Lambda::Function':
      return { ref: name, attributes: { Arn: arn('lambda', `function:${name}`) } };
    case 'AWS::IAM::Role':
      return {
        ref: name,
        attributes: { Arn: `arn:aws:iam::${account}:role/${name}`, RoleId: `AROA${logicalId}` },
      };
    case 'AWS::IAM::ManagedPolicy':
      return { ref: `arn:aws:iam::${account}:policy/${name}`, attributes: {} };
    case 'AWS::SQS::Queue': {
      const url = `${place.awsEndpoint}/${account}/${name}`;
      return { ref: url, attributes: { Arn: arn('sqs', name), QueueName: name, QueueUrl: url } };
    }
    case 'AWS::S3::Bucket': {
      // CloudFormation makes names of buckets in lower case.
      const bucket = named ?? name.toLowerCase().slice(0, BUCKET_NAME_LENGTH);
      return {
        ref: bucket,
        attributes: {
          Arn: `arn:aws:s3:::${bucket}`,
          DomainName: `${bucket}.s3.amazonaws.com`,
          DualStackDomainName: `${bucket}.s3.dualstack.${region}.amazonaws.com`,
          RegionalDomainName: `${bucket}.s3.${region}.amazonaws.com`,
        },
      };
    }
    case 'AWS::SNS::Topic': {
      const topicArn = arn('sns', name);
      return { ref: topicArn, attributes: { TopicArn: topicArn, TopicName: name } };
    }
    case 'AWS::Events::Rule':
      return { ref: name, attributes: { Arn: arn('events', `rule/${name}`) } };
    case 'AWS::Scheduler::Schedule':
      return { ref: name, attributes: { Arn: arn('scheduler', `schedule/default/${name}`) } };
    case 'AWS::SecretsManager::Secret': {
      const secretArn = arn('secretsmanager', `secret:${name}-${digest(place, logicalId, MIXED, 6)}`);
      return { ref: secretArn, attributes: { Id: secretArn } };
    }
    case 'AWS::ApiGatewayV2::Api': {
      const id = digest(place, logicalId, LOWER, 10);
      const scheme = resource.properties.ProtocolType === 'WEBSOCKET' ? 'wss' : 'https';
      const endpoint = `${scheme}://${id}.execute-api.${region}.amazonaws.com`;
      return { ref: id, attributes: { ApiId: id, ApiEndpoint: endpoint } };
    }
    case 'AWS::CloudFront::Distribution': {
      const id = `E${digest(place, logicalId, UPPER, 13)}`;
      const domain = `d${digest(place, logicalId, LOWER, 13)}.cloudfront.net`;
      return { ref: id, attributes: { Id: id, DomainName: domain } };
    }
    case 'AWS::CloudFront::Function': {
      const functionArn = `arn:aws:cloudfront::${account}:function/${name}`;
      return { ref: functionArn, attributes: { FunctionARN: functionArn, Stage: 'LIVE' } };
    }
    case 'AWS::CloudFront::CachePolicy':
    case 'AWS::CloudFront::OriginAccessControl':
    case 'AWS::CloudFront::ResponseHeadersPolicy':
      return { ref: name, attributes: { Id: name } };
    case 'AWS::Logs::LogGroup':
      return { ref: name, attributes: { Arn: arn('logs', `log-group:${name}:*`) } };
    case 'AWS::ApiGatewayV2::Route':
    case 'AWS::ApiGatewayV2::Integration':
    case 'AWS::ApiGatewayV2::RouteResponse':
      return { ref: logicalId, attributes: {} };
    case 'AWS::ApiGatewayV2::Stage':
      return { ref: name, attributes: {} };
    default:
      return { ref: name, attributes: { Arn: arn(serviceOf(type), name) } };
  }
}

/** A version or an alias stands for its function: the engine runs one version, the one at hand. */
function qualified(resource: TemplateResource, place: Place): Identity {
  const target = resource.properties.FunctionName;
  const logicalId =
    typeof target === 'object' && target && 'Ref' in target ? String(target.Ref) : String(target);
  const qualifier = resource.type === 'AWS::Lambda::Version' ? '1' : String(resource.properties.Name);
  const arn = `arn:aws:lambda:${place.region}:${place.account}:function:${physicalName(place, logicalId)}:${qualifier}`;
  return { ref: arn, attributes: { FunctionArn: arn, AliasArn: arn, Version: '1' } };
}

function serviceOf(type: string): string {
  return (type.split('::')[1] ?? 'custom').toLowerCase();
}

/** @throws EngineError `intrinsic_unresolvable` for an attribute that the engine does not know */
export function attributeOf(resource: TemplateResource, identity: Identity, name: string): Json {
  const value = identity.attributes[name];
  if (value !== undefined) return value;
  if (isCustomResource(resource.type)) return markOf(resource.logicalId, name);
  throw new EngineError(
    'intrinsic_unresolvable',
    `unable to resolve Fn::GetAtt ${resource.logicalId}.${name} (${resource.constructPath}); ` +
      `the engine does not know this attribute of ${resource.type}`,
  );
}
