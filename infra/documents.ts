import { Duration } from 'aws-cdk-lib';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Construct } from 'constructs';
import { ENV } from '../shared/environment.ts';
import { Handler } from './handler.ts';
import type { HttpApi } from './http-api.ts';
import type { Settings } from './settings.ts';

const PATHS = ['/api/openapi.json', '/api/asyncapi.json', '/api/docs', '/api/docs/{file}'];

/** The documents of both APIs and the page to try them on: files, served by a function that may do nothing at all. */
export class Documents extends Construct {
  constructor(scope: Construct, id: string, settings: Settings, { api }: HttpApi, webSocketUrl: string) {
    super(scope, id);
    const handler = new Handler(this, 'Handler', {
      settings,
      entry: 'http/documents',
      description: 'Serves the documents of both APIs, and the page to try them on',
      timeout: Duration.seconds(10),
      memorySize: 256,
    });
    // The page opens sockets.
    handler.addEnvironment(ENV.webSocketUrl, webSocketUrl);
    const integration = new HttpLambdaIntegration('Integration', handler);
    for (const path of PATHS) api.addRoutes({ path, integration });
  }
}
