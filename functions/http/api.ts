/** The HTTP API's one Lambda function. */
import { ENV } from '../../shared/environment.ts';
import { getRuntime } from '../runtime/runtime.ts';
import { createApp } from './app.ts';
import { endpoints } from './endpoints.ts';
import { toLambda } from './lambda.ts';
import { createServices } from './services.ts';

const app = createApp(createServices(getRuntime()), endpoints);

export const handler = toLambda(
  (request, bindings) => app.fetch(request, bindings),
  process.env[ENV.edgeMark],
);
