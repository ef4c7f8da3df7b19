import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';

/** CloudFormation's request to a custom resource on the first deploy. @throws where it is not answered with success */
export async function deployResource(awsEndpoint: string, functionName: string): Promise<void> {
  const lambda = new LambdaClient({
    endpoint: awsEndpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'user', secretAccessKey: 'any' },
  });
  let answer: { readonly Status?: string; readonly Reason?: string } = {};
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    answer = JSON.parse(Buffer.concat(chunks).toString());
    response.end();
  }).listen(0, '127.0.0.1');
  try {
    await once(server, 'listening');
    const event = {
      RequestType: 'Create',
      ResponseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      StackId: 'stack',
      RequestId: 'request',
      LogicalResourceId: 'First',
    };
    await lambda.send(new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(event) }));
    if (answer.Status !== 'SUCCESS')
      throw new Error(`the custom resource answered ${answer.Status}; ${answer.Reason}`);
  } finally {
    lambda.destroy();
    server.close();
  }
}
