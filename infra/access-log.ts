import { RemovalPolicy } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import * as apigateway from 'aws-cdk-lib/aws-apigatewayv2';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { Settings } from './settings.ts';

/**
 * What an access log keeps, name in the log to name in API Gateway's `$context`. No query string is in them, as tickets
 * travel there. `request` and `connection` are the ids that the handlers' own lines carry.
 */
const COMMON = {
  time: 'requestTimeEpoch',
  request: 'requestId',
  route: 'routeKey',
  status: 'status',
  error: 'error.message',
  integrationStatus: 'integrationStatus',
  integrationError: 'integrationErrorMessage',
  integrationLatency: 'integrationLatency',
  sourceIp: 'identity.sourceIp',
};

const WEBSOCKET = { ...COMMON, connection: 'connectionId', event: 'eventType', message: 'messageId' };

const HTTP = {
  ...COMMON,
  method: 'httpMethod',
  path: 'path',
  latency: 'responseLatency',
  length: 'responseLength',
};

/** Access log of the WebSocket API: a line for each handshake, command and close. */
export function webSocketAccessLog(scope: Construct, settings: Settings): apigateway.IAccessLogSettings {
  return accessLog(scope, settings, WEBSOCKET);
}

/** Access log of the HTTP API: a line for each request. */
export function httpAccessLog(scope: Construct, settings: Settings): apigateway.IAccessLogSettings {
  return accessLog(scope, settings, HTTP);
}

function accessLog(
  scope: Construct,
  settings: Settings,
  fields: Readonly<Record<string, string>>,
): apigateway.IAccessLogSettings {
  const group = new logs.LogGroup(scope, 'AccessLog', {
    retention: settings.logRetentionDays,
    removalPolicy: settings.keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
  });
  const line = Object.entries(fields).map(([key, variable]) => [key, `$context.${variable}`]);
  return {
    destination: new apigateway.LogGroupLogDestination(group),
    format: AccessLogFormat.custom(JSON.stringify(Object.fromEntries(line))),
  };
}
