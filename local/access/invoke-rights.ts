import type { AssemblyModel, ScheduleModel } from '../assembly/model.ts';
import { functionArnOf } from '../assembly/read-functions.ts';
import { EngineError } from '../errors.ts';
import { likeArn } from './patterns.ts';
import { RolePolicy } from './policy.ts';
import { ResourcePolicies } from './resource-policy.ts';

const API_GATEWAY = 'apigateway.amazonaws.com';
const EVENT_BRIDGE = 'events.amazonaws.com';
const SNS = 'sns.amazonaws.com';
const S3 = 's3.amazonaws.com';

interface Route {
  readonly routeKey: string;
  readonly functionArn: string;
  readonly constructPath: string;
  /** What API Gateway says it calls from. */
  readonly sourceArn: string;
}

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/arn-format-reference.html */
function routesOf({ region, account, webSocketApis, httpApis }: AssemblyModel): Route[] {
  const arn = (rest: string) => `arn:aws:execute-api:${region}:${account}:${rest}`;
  const webSocket = webSocketApis.flatMap(({ apiId, stageName, constructPath, routes }) =>
    routes.map(({ routeKey, functionArn }) => {
      return { routeKey, functionArn, constructPath, sourceArn: arn(`${apiId}/${stageName}/${routeKey}`) };
    }),
  );
  const http = httpApis.flatMap(({ apiId, stageName, constructPath, routes }) =>
    routes.map(({ routeKey, functionArn }) => {
      // `GET /a/{b}` calls from `<api>/<stage>/GET/a/{b}`.
      const path = routeKey.replace(' ', '');
      return { routeKey, functionArn, constructPath, sourceArn: arn(`${apiId}/${stageName}/${path}`) };
    }),
  );
  return [...webSocket, ...http];
}

/** A call of an AWS service to a function, and what declares it. */
interface ServiceCall {
  readonly what: string;
  readonly principal: string;
  readonly functionArn: string;
  readonly sourceArn: string;
}

function callsOf(model: AssemblyModel): ServiceCall[] {
  const routes = routesOf(model).map(({ routeKey, constructPath, functionArn, sourceArn }) => ({
    what: `serve the route ${routeKey} of ${constructPath}`,
    principal: API_GATEWAY,
    functionArn,
    sourceArn,
  }));
  const rules = model.schedules
    .filter(({ roleArn }) => roleArn === undefined)
    .flatMap(({ constructPath, arn, targets }) =>
      targets.map(({ functionArn }) => ({
        what: `run the schedule ${constructPath}`,
        principal: EVENT_BRIDGE,
        functionArn,
        sourceArn: arn,
      })),
    );
  const subscriptions = model.topics.flatMap((topic) =>
    topic.subscriptions
      .filter(({ protocol }) => protocol === 'lambda')
      .map(({ constructPath, endpoint, topicArn }) => ({
        what: `deliver to the subscription ${constructPath}`,
        principal: SNS,
        functionArn: endpoint,
        sourceArn: topicArn,
      })),
  );
  const notifications = model.buckets.flatMap(({ constructPath, arn, notifications: configured }) =>
    configured
      .filter(({ destination }) => destination.kind === 'function')
      .map(({ destination }) => ({
        what: `notify a function of the bucket ${constructPath}`,
        principal: S3,
        functionArn: destination.arn,
        sourceArn: arn,
      })),
  );
  return [...routes, ...rules, ...subscriptions, ...notifications];
}

/**
 * Checks that API Gateway may invoke the function of each route, EventBridge that of each rule, SNS that of each
 * subscription, S3 that of each notification. On AWS a stack
 * without the right deploys, and each call fails; here it does not start.
 *
 * @throws EngineError `access_denied`
 */
export function checkInvokeRights(model: AssemblyModel): void {
  const permissions = model.invokePermissions.map(({ functionArn, principal, sourceArn }) => ({
    functionArn: functionArnOf(functionArn, model.functions),
    principal,
    covers: sourceArn === undefined ? () => true : likeArn(sourceArn),
  }));
  for (const call of callsOf(model)) {
    const isAllowed = permissions.some(
      ({ functionArn, principal, covers }) =>
        functionArn === call.functionArn && principal === call.principal && covers(call.sourceArn),
    );
    if (isAllowed) continue;
    throw new EngineError(
      'access_denied',
      `unable to ${call.what}; no AWS::Lambda::Permission lets ${call.principal} invoke ` +
        `${call.functionArn} from ${call.sourceArn}`,
    );
  }
  for (const schedule of model.schedules) checkScheduleRole(model, schedule);
}

/** EventBridge Scheduler invokes by a role of its own, which the schedule names. */
function checkScheduleRole(model: AssemblyModel, { roleArn, targets, constructPath }: ScheduleModel): void {
  if (roleArn === undefined) return;
  const role = model.roles.find(({ arn }) => arn === roleArn);
  const policy = role && new RolePolicy(role);
  for (const { functionArn } of targets) {
    const decision = policy?.decide('lambda:InvokeFunction', functionArn, () => ({}));
    if (decision === 'allow') continue;
    throw new EngineError(
      'access_denied',
      `unable to run the schedule ${constructPath}; its role ${roleArn} is denied lambda:InvokeFunction on ${functionArn}`,
    );
  }
}

/**
 * Checks that SNS may send to the queues of its subscriptions, dead letters included, by a policy of the queue, and S3 to those
 * that a bucket notifies.
 *
 * @throws EngineError `access_denied`
 */
export function checkDeliveryRights(model: AssemblyModel): void {
  const policies = new ResourcePolicies(model.resourcePolicies, model.account);
  for (const { constructPath, arn, notifications } of model.buckets) {
    for (const { destination } of notifications) {
      if (destination.kind !== 'queue') continue;
      const decision = policies.decide({ service: S3 }, 'sqs:SendMessage', destination.arn, () => ({
        'aws:sourcearn': [arn],
        'aws:sourceaccount': [model.account],
        'aws:securetransport': ['true'],
      }));
      if (decision === 'allow') continue;
      throw new EngineError(
        'access_denied',
        `unable to notify a queue of the bucket ${constructPath}; no AWS::SQS::QueuePolicy lets ${S3} send to ` +
          `${destination.arn} from ${arn}`,
      );
    }
  }
  for (const { constructPath, protocol, endpoint, deadLetterArn, topicArn } of model.topics.flatMap(
    ({ subscriptions }) => subscriptions,
  )) {
    for (const queueArn of [protocol === 'sqs' ? endpoint : undefined, deadLetterArn]) {
      if (queueArn === undefined) continue;
      const decision = policies.decide({ service: SNS }, 'sqs:SendMessage', queueArn, () => ({
        'aws:sourcearn': [topicArn],
        'aws:sourceaccount': [model.account],
        'aws:securetransport': ['true'],
      }));
      if (decision === 'allow') continue;
      throw new EngineError(
        'access_denied',
        `unable to deliver to the subscription ${constructPath}; no AWS::SQS::QueuePolicy lets ${SNS} send to ` +
          `${queueArn} from ${topicArn}`,
      );
    }
  }
}
