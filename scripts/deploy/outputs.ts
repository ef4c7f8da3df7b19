/** Reads a deployed stack's outputs, with the credentials and the region that the AWS command line would take. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import aws4 from 'aws4';
import { CommandError } from '../command-error.ts';

/** Version of CloudFormation's query API. */
const API_VERSION = '2010-05-15';

const TIMEOUT_MS = 15_000;

/**
 * One signed call instead of a client library that nothing else needs.
 *
 * @throws {CommandError} where there are no credentials, no region, or no such stack.
 */
export async function readOutputs(stackName: string): Promise<Readonly<Record<string, string>>> {
  // Any client of the SDK resolves both by the usual rules.
  const { config } = new DynamoDBClient({});
  const [credentials, region] = await Promise.all([config.credentials(), config.region()]).catch((error) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError('read the stack', reason, 'Set AWS_PROFILE, or AWS_REGION with keys.', {
      cause: error,
    });
  });
  const origin = new URL(process.env.AWS_ENDPOINT_URL ?? `https://cloudformation.${region}.amazonaws.com`);
  const query = new URLSearchParams({ Action: 'DescribeStacks', StackName: stackName, Version: API_VERSION });
  const signed = aws4.sign(
    { host: origin.host, path: `/?${query}`, service: 'cloudformation', region, method: 'GET' },
    {
      accessKeyId: credentials.accessKeyId,
      secretAccessKey: credentials.secretAccessKey,
      ...(credentials.sessionToken !== undefined && { sessionToken: credentials.sessionToken }),
    },
  );
  const response = await fetch(new URL(signed.path ?? '/', origin), {
    headers: signed.headers as Record<string, string>,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await response.text();
  if (!response.ok) {
    const message = /<Message>(.*?)<\/Message>/s.exec(text)?.[1] ?? `HTTP ${response.status}`;
    throw new CommandError('read the stack', message, `Region ${region}; is ${stackName} its name?`);
  }
  return parseOutputs(text);
}

/** `<member><OutputKey>…</OutputKey><OutputValue>…</OutputValue></member>`, in either order, of the query API's XML. */
export function parseOutputs(xml: string): Record<string, string> {
  const outputs = /<Outputs>(.*?)<\/Outputs>/s.exec(xml)?.[1] ?? '';
  const field = (member: string, name: string) =>
    new RegExp(`<${name}>(.*?)</${name}>`, 's').exec(member)?.[1];
  return Object.fromEntries(
    [...outputs.matchAll(/<member>(.*?)<\/member>/gs)].flatMap(([, member = '']) => {
      const key = field(member, 'OutputKey');
      const value = field(member, 'OutputValue');
      return key === undefined || value === undefined ? [] : [[key, value.replaceAll('&amp;', '&')]];
    }),
  );
}
