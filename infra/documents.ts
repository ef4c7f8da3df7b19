import { Duration } from 'aws-cdk-lib';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Construct } from 'constructs';
import { Handler } from './handler.ts';
import type { HttpApi } from './http-api.ts';
import type { Settings } from './settings.ts';

/** The documents of both APIs: files, served by a function that may do nothing at all. */
export class Documents extends Construct {
  constructor(scope: Construct, id: string, settings: Settings, { api }: HttpApi) {
    super(scope, id);
    const handler = new Handler(this, 'Handler', {
      settings,
      entry: 'http/documents',
      description: 'Serves the documents of both APIs',
      timeout: Duration.seconds(10),
      memorySize: 256,
    });
    const integration = new HttpLambdaIntegration('Integration', handler);
    for (const path of ['/api/openapi.json', '/api/asyncapi.json']) api.addRoutes({ path, integration });
  }
}
