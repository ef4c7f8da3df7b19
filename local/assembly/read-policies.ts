import { isObject, type JsonObject, objectOf } from './cloud-assembly.ts';
import type { PrincipalStatement, QueueModel, ResourcePolicyModel } from './model.ts';
import { statementsOf } from './read-roles.ts';
import { type AssemblyReader, objectsOf, textsOf } from './reader.ts';

/** Policies of queues, topics and buckets, by the ARNs of what they are about. */
export function readResourcePolicies(
  reader: AssemblyReader,
  queues: readonly QueueModel[],
): ResourcePolicyModel[] {
  const ofQueues = reader.ofType('AWS::SQS::QueuePolicy').map(({ origin, properties }) => ({
    ...origin,
    resources: textsOf(properties.Queues).map((url) => queues.find((queue) => queue.url === url)?.arn ?? url),
    statements: principalStatements(properties),
  }));
  const ofTopics = reader.ofType('AWS::SNS::TopicPolicy').map(({ origin, properties }) => ({
    ...origin,
    resources: textsOf(properties.Topics),
    statements: principalStatements(properties),
  }));
  const buckets = reader.ofType('AWS::S3::Bucket').map(({ identity }) => identity);
  const ofBuckets = reader.ofType('AWS::S3::BucketPolicy').map(({ origin, properties }) => ({
    ...origin,
    resources: buckets
      .filter(({ ref }) => ref === properties.Bucket)
      .map(({ attributes }) => String(attributes.Arn)),
    statements: principalStatements(properties),
  }));
  return [...ofQueues, ...ofTopics, ...ofBuckets];
}

function principalStatements({ PolicyDocument }: JsonObject): PrincipalStatement[] {
  const document = objectOf(PolicyDocument);
  const principals = objectsOf(document.Statement).map(({ Principal: given }) =>
    isObject(given) ? [...textsOf(given.AWS), ...textsOf(given.Service)] : textsOf(given),
  );
  return statementsOf(document).map((statement, index) => ({
    ...statement,
    principals: principals[index] ?? [],
  }));
}
