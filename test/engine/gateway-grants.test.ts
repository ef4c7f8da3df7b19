import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Authorizer, describeDenial } from '../../local/access/authorizer.ts';
import type { FunctionModel, PolicyStatement, RoleModel } from '../../local/assembly/model.ts';
import { createGrantJudge } from '../../local/gateway/grants.ts';
import type { Caller } from '../../local/services/call.ts';
import {
  type Client,
  connect,
  type GatewayBench,
  post,
  startGateway,
  webSocketApi,
} from './gateway-helper.ts';
import { arnOf } from './lambda-helper.ts';

const CONNECTIONS = 'arn:aws:execute-api:us-east-1:000000000000:ws12345678/dev';
const MANAGE = 'execute-api:ManageConnections';

function statement(effect: 'Allow' | 'Deny', action: string, resource: string): PolicyStatement {
  return {
    effect,
    actions: [action],
    notActions: [],
    resources: [resource],
    notResources: [],
    conditions: {},
  };
}

/** What each function's role says; a function's access key is `ASIA` and its name. */
const ROLES: Readonly<Record<string, readonly PolicyStatement[]>> = {
  poster: [statement('Allow', MANAGE, `${CONNECTIONS}/*/@connections/*`)],
  onlyPosts: [statement('Allow', MANAGE, `${CONNECTIONS}/POST/@connections/*`)],
  otherApi: [
    statement('Allow', MANAGE, 'arn:aws:execute-api:us-east-1:000000000000:other/dev/*/@connections/*'),
  ],
  otherAction: [statement('Allow', 'execute-api:Invoke', `${CONNECTIONS}/*`)],
  denied: [statement('Allow', 'execute-api:*', '*'), statement('Deny', MANAGE, `${CONNECTIONS}/*`)],
  nothing: [],
};

const roleArn = (name: string) => `arn:aws:iam::000000000000:role/${name}`;
const functions = Object.keys(ROLES).map(
  (name): FunctionModel => ({
    logicalId: name,
    constructPath: `Stack/${name}`,
    name,
    arn: arnOf(name),
    codeDirectory: '',
    handler: 'index.handler',
    timeoutSeconds: 3,
    memoryMegabytes: 128,
    environment: {},
    roleArn: roleArn(name),
  }),
);
const roles = Object.entries(ROLES).map(
  ([name, statements]): RoleModel => ({
    logicalId: name,
    constructPath: `Stack/${name}/Role`,
    arn: roleArn(name),
    name,
    statements,
    managedPolicies: [],
  }),
);

let bench: GatewayBench;
let client: Client;
let callback: string;
const denials: string[] = [];

beforeAll(async () => {
  const place = { region: 'us-east-1', account: '000000000000' };
  const callerOf = (key: string): Caller | undefined => {
    const fn = functions.find(({ name }) => key === `ASIA${name}`);
    return fn && { functionName: fn.name, roleArn: fn.roleArn, origin: fn };
  };
  const echo = `exports.handler = async (event) => ({ statusCode: 200, body: event.requestContext.connectionId });`;
  bench = await startGateway({
    handlers: { echo: { code: echo } },
    webSocket: { $default: { function: 'echo', routeResponse: true } },
    options: {
      authorize: createGrantJudge({
        authorizer: new Authorizer({ functions, roles, ...place }, (denial) =>
          denials.push(describeDenial(denial)),
        ),
        callerOf,
        model: { webSocketApis: [webSocketApi({})], ...place },
      }),
    },
  });
  client = await connect(bench.ws);
  client.socket.send('who am I');
  callback = bench.callback(await client.next());
});
afterAll(() => bench?.close());

const signedBy = (name: string) => ({
  authorization: `AWS4-HMAC-SHA256 Credential=${name}/20261121/us-east-1/execute-api/aws4_request, Signature=0`,
});

describe('a call to @connections', () => {
  it('is allowed by the role of the function that signed it', async () => {
    expect((await post(callback, 'hello', signedBy('ASIAposter'))).status).toBe(200);
    expect(await client.next()).toBe('hello');
    expect((await fetch(callback, { headers: signedBy('ASIAposter') })).status).toBe(200);
  });

  it.each(['otherApi', 'otherAction', 'denied', 'nothing'])(
    'is 403 for a role that does not grant it: %s',
    async (name) => {
      const response = await post(callback, 'never', signedBy(`ASIA${name}`));
      expect(response.status).toBe(403);
      expect(response.headers.get('x-amzn-errortype')).toBe('ForbiddenException');
      expect(denials.at(-1)).toMatch(
        new RegExp(`^${name} \\(Stack/${name}\\) is denied ${MANAGE} on ${CONNECTIONS}/POST/@connections/`),
      );
      expect(client.received).not.toContain('never');
    },
  );

  it('is granted method by method', async () => {
    expect((await post(callback, 'posted', signedBy('ASIAonlyPosts'))).status).toBe(200);
    expect((await fetch(callback, { method: 'DELETE', headers: signedBy('ASIAonlyPosts') })).status).toBe(
      403,
    );
    expect(client.socket.readyState).toBe(client.socket.OPEN);
  });

  it('is refused before it is told whether there is such a connection', async () => {
    const gone = bench.callback('L0SM9cOFvHcCIhw=');
    expect((await post(gone, 'x', signedBy('ASIAnothing'))).status).toBe(403);
    expect((await post(gone, 'x', signedBy('ASIAposter'))).status).toBe(410);
  });

  it('of the engine’s user, who has keys of its own, is allowed', async () => {
    expect((await post(callback, 'x', signedBy('AKIAUSER'))).status).toBe(200);
  });
});
