import { type App, CfnOutput, Stack } from 'aws-cdk-lib';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { AccountLogRole } from './account-log-role.ts';
import { Alarms } from './alarms.ts';
import { ConnectionWatch } from './connection-watch.ts';
import { Dashboard } from './dashboard.ts';
import { Documents } from './documents.ts';
import { Domains } from './domains.ts';
import { Erasure } from './erasure.ts';
import { FanOut } from './fan-out.ts';
import { Files } from './files.ts';
import { HttpApi } from './http-api.ts';
import { LogStream } from './log-stream.ts';
import { Moderation } from './moderation.ts';
import { Notifications } from './notifications.ts';
import { PresenceTeller } from './presence.ts';
import { Rebuild } from './rebuild.ts';
import { Retention } from './retention.ts';
import type { Settings } from './settings.ts';
import { Settler } from './settler.ts';
import { SigningKeys } from './signing-keys.ts';
import { Tables } from './tables.ts';
import { Webhook } from './webhook.ts';
import { Website } from './website.ts';
import { WebSocketApi } from './websocket-api.ts';

/** Each queue with the one of what its function could not do: `<name> <failures> <queue>`, comma separated. */
function deadLetters(
  parts: Readonly<Record<string, { readonly failures: IQueue; readonly queue: IQueue }>>,
): string {
  return Object.entries(parts)
    .map(([name, { failures, queue }]) => `${name} ${failures.queueUrl} ${queue.queueUrl}`)
    .join(',');
}

/** The whole service: commands come in by two APIs, are committed to a log, and the log's stream does the rest. */
export class ChatStack extends Stack {
  constructor(app: App, settings: Settings) {
    super(app, `Parley-${settings.stage}`, {
      description: `Parley chat, stage ${settings.stage}`,
      terminationProtection: settings.keepData,
      tags: { service: 'parley', stage: settings.stage },
    });
    const tables = new Tables(this, 'Tables', settings);
    const keys = new SigningKeys(this, 'SigningKeys', settings, tables);

    const webSocketApi = new WebSocketApi(this, 'WebSocket', settings, tables);
    const httpApi = new HttpApi(this, 'Http', settings, tables, keys);
    // A logout, a ban or a deletion closes connections before it is acknowledged.
    webSocketApi.bind(httpApi.handler);
    const watch = new ConnectionWatch(this, 'Watch', settings, tables, webSocketApi);
    // When its token ends; where there are too many, or the session is gone.
    for (const route of ['$connect', 'authenticate']) watch.bind(webSocketApi.handlerOf(route));
    if (settings.moderation) {
      const moderation = new Moderation(this, 'Moderation', settings, settings.moderation);
      const routes = ['sendMessage', 'editMessage'].map((route) => webSocketApi.handlerOf(route));
      for (const writer of [httpApi.handler, ...routes]) moderation.bind(writer);
    }
    if (settings.accountLogRole)
      webSocketApi.stage.node.addDependency(new AccountLogRole(this, 'AccountLogs'));

    const log = new LogStream(this, 'Log', tables.chat);
    const fanOut = new FanOut(this, 'Delivery', settings, tables, webSocketApi);
    const settler = new Settler(this, 'Settling', settings, tables, webSocketApi, watch);
    fanOut.read(log);
    settler.read(log);
    const erasure = new Erasure(this, 'Erasure', settings, tables, webSocketApi);
    erasure.bind(settler.handler);
    const files = new Files(this, 'Files', settings, tables);
    files.bindSigner(httpApi.handler);
    files.bind(settler.handler);
    const notifications = new Notifications(this, 'Notifications', settings, tables, webSocketApi);
    notifications.bind(settler.handler);
    const webhook =
      settings.webhook && new Webhook(this, 'Webhook', settings, settings.webhook, notifications);
    const retention = new Retention(this, 'Retention', settings, tables, files);
    retention.bind(settler.handler);
    const presence = new PresenceTeller(this, 'Presence', settings, tables, webSocketApi);
    presence.read(tables, log);

    const background = { presence, watch, erasure, files, notifications, retention, webhook };
    const parts = { tables, webSocketApi, httpApi, log, fanOut, settler, ...background };
    new Rebuild(this, 'Rebuild', settings, tables);
    new Alarms(this, 'Alarms', settings, parts);
    new Dashboard(this, 'Dashboard', settings, parts);

    const names = settings.domain && new Domains(this, 'Domains', settings.domain, httpApi, webSocketApi);
    const httpUrl = names?.httpUrl ?? httpApi.api.apiEndpoint;
    const webSocketUrl = names?.webSocketUrl ?? webSocketApi.stage.url;
    new Documents(httpApi, 'Documents', settings, httpApi, webSocketUrl);
    const website =
      settings.website && new Website(this, 'Website', settings, { httpApi, webSocketUrl, files });
    // The page to try the APIs on is served from there, and the web app, which has it too, from a place of its own.
    webSocketApi.allowPagesOf(httpUrl, ...(website ? [website.url] : []));
    this.#tell({
      ...(website && { WebsiteUrl: website.url, WebsiteBucket: website.bucket.bucketName }),
      HttpUrl: httpUrl,
      WebSocketUrl: webSocketUrl,
      HttpApiId: httpApi.api.apiId,
      WebSocketApiId: webSocketApi.api.apiId,
      ChatTable: tables.chat.tableName,
      ConnectionsTable: tables.connections.tableName,
      ...(tables.search && { SearchTable: tables.search.tableName }),
      FailureQueueUrl: log.failures.queueUrl,
      // For `npm run redrive`.
      SettlerFunction: settler.handler.functionName,
      DeadLetters: deadLetters({ erasure, files, notifications, retention, ...(webhook && { webhook }) }),
      FilesBucket: files.bucket.bucketName,
      NotificationsTopicArn: notifications.topic.topicArn,
      ...(webhook && { WebhookSecretArn: webhook.secret.secretArn }),
    });
  }

  #tell(outputs: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }
}
