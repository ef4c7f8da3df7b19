import * as apigateway from 'aws-cdk-lib/aws-apigatewayv2';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { CfnRecordSet } from 'aws-cdk-lib/aws-route53';
import { Construct } from 'constructs';
import type { HttpApi } from './http-api.ts';
import type { Domain } from './settings.ts';
import type { WebSocketApi } from './websocket-api.ts';

/**
 * Names of one's own: the HTTP API at the name, the WebSocket API at `ws.` before it, as API Gateway maps the two kinds
 * to different names only. Each API's first address stays, as posts to connections go there.
 */
export class Domains extends Construct {
  readonly httpUrl: string;
  readonly webSocketUrl: string;

  constructor(scope: Construct, id: string, domain: Domain, httpApi: HttpApi, webSocketApi: WebSocketApi) {
    super(scope, id);
    this.#map('Http', domain.name, domain, httpApi.api, httpApi.stage);
    this.#map('WebSocket', `ws.${domain.name}`, domain, webSocketApi.api, webSocketApi.stage);
    this.httpUrl = `https://${domain.name}`;
    this.webSocketUrl = `wss://ws.${domain.name}`;
  }

  #map(
    id: string,
    domainName: string,
    { certificateArn, hostedZoneId }: Domain,
    api: apigateway.IApi,
    stage: apigateway.IStage,
  ): void {
    const certificate = Certificate.fromCertificateArn(this, `${id}Certificate`, certificateArn);
    const name = new apigateway.DomainName(this, id, { domainName, certificate });
    new apigateway.CfnApiMapping(this, `${id}Mapping`, {
      apiId: api.apiId,
      domainName: name.name,
      stage: stage.stageName,
    }).node.addDependency(stage);
    if (hostedZoneId === undefined) return;
    for (const type of ['A', 'AAAA']) {
      new CfnRecordSet(this, `${id}${type}`, {
        hostedZoneId,
        name: domainName,
        type,
        aliasTarget: { dnsName: name.regionalDomainName, hostedZoneId: name.regionalHostedZoneId },
      });
    }
  }
}
