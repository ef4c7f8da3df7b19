import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { iteratorAge } from './alarms.ts';
import type { Parts } from './parts.ts';
import type { Settings } from './settings.ts';

const PERIOD = { period: Duration.minutes(1) };

/** One page that answers: is anybody there, is it fast, is anything failing. */
export class Dashboard extends Construct {
  constructor(scope: Construct, id: string, { stage }: Settings, parts: Parts) {
    super(scope, id);
    const { tables, webSocketApi, httpApi, log, fanOut, settler, presence } = parts;
    const socket = (metricName: string, statistic: string) =>
      new cloudwatch.Metric({
        namespace: 'AWS/ApiGateway',
        metricName,
        dimensionsMap: { ApiId: webSocketApi.api.apiId, Stage: webSocketApi.stage.stageName },
        statistic,
        ...PERIOD,
      });
    const sum = { statistic: 'Sum', ...PERIOD };
    const p99 = { statistic: 'p99', ...PERIOD };
    const chart = (title: string, ...left: cloudwatch.IMetric[]) =>
      new cloudwatch.GraphWidget({ title, left, width: 8, height: 6 });

    new cloudwatch.Dashboard(this, 'Dashboard', {
      dashboardName: `Parley-${stage}`,
      widgets: [
        [
          chart('WebSocket traffic', socket('ConnectCount', 'Sum'), socket('MessageCount', 'Sum')),
          chart(
            'WebSocket latency',
            socket('IntegrationLatency', 'p50'),
            socket('IntegrationLatency', 'p99'),
          ),
          chart('WebSocket errors', socket('ClientError', 'Sum'), socket('IntegrationError', 'Sum')),
        ],
        [
          chart('HTTP calls', httpApi.api.metricCount(sum)),
          chart('HTTP latency', httpApi.api.metricLatency(p99)),
          chart('HTTP errors', httpApi.api.metricClientError(sum), httpApi.api.metricServerError(sum)),
        ],
        [
          chart(
            'Age of the streams at their readers',
            iteratorAge(fanOut.handler),
            iteratorAge(settler.handler),
            iteratorAge(presence.handler),
          ),
          chart('Time of a delivery', fanOut.handler.metricDuration(p99), fanOut.shard.metricDuration(p99)),
          chart(
            'Given up',
            log.failures.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum', ...PERIOD }),
          ),
        ],
        [
          chart(
            'Write units',
            tables.chat.metricConsumedWriteCapacityUnits(sum),
            tables.connections.metricConsumedWriteCapacityUnits(sum),
            ...(tables.search ? [tables.search.metricConsumedWriteCapacityUnits(sum)] : []),
          ),
          chart(
            'Read units',
            tables.chat.metricConsumedReadCapacityUnits(sum),
            tables.connections.metricConsumedReadCapacityUnits(sum),
            ...(tables.search ? [tables.search.metricConsumedReadCapacityUnits(sum)] : []),
          ),
          chart(
            'Function errors',
            ...[fanOut.handler, settler.handler, presence.handler, presence.later].map((one) =>
              one.metricErrors(sum),
            ),
          ),
        ],
      ],
    });
  }
}
