/** Each grant of the stack is needed: taken away, something fails; and there is none that no call ever used. */
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Authorizer, checkMappings } from '../../local/access/authorizer.ts';
import { checkInvokeRights } from '../../local/access/invoke-rights.ts';
import { likeArn } from '../../local/access/patterns.ts';
import type { FunctionModel, RoleModel } from '../../local/assembly/model.ts';
import { type Engine, startEngine } from '../../local/engine.ts';
import type { EngineLogEntry } from '../../local/log.ts';
import { build } from '../../scripts/build.ts';
import { synthesize } from '../../scripts/start/synthesize.ts';
import { Account, people } from '../helper/account.ts';
import { bundledEnvironment, eventually, removeFolders, temporaryFolder } from './engine-helper.ts';
import { Items } from './grants-items.ts';
import { SCENES } from './grants-scenes.ts';
import type { Stage } from './grants-stage.ts';

/** One action that one statement gives one function. */
interface Grant {
  readonly entry: string;
  readonly action: string;
  readonly resources: readonly string[];
  readonly fn: FunctionModel;
  /** The function's role without it. */
  readonly rest: RoleModel;
}

/** Lambda's own calls on the function's behalf; the engine asks for them when it makes the event source mapping. */
const POLLING =
  /^(dynamodb:(ListStreams|DescribeStream|GetRecords|GetShardIterator)|sqs:(ReceiveMessage|DeleteMessage|GetQueueAttributes))$/;
/** The CDK grants them with a queue's mapping; Lambda's own list of what a poller needs lacks them. */
const WITH_POLLING = /^sqs:(ChangeMessageVisibility|GetQueueUrl)$/;

/** Grants that no scene needs: `<function> <action> <table>`, and why it is granted all the same. */
const EXPLAINED: Readonly<Record<string, string>> = {
  'WebSocket/AuthenticateHandler sqs:SendMessage':
    'has a connection closed that goes over to a session which ends at that very moment (authenticateConnection)',
  'WebSocket/ConnectHandler dynamodb:PutItem Connections':
    'subscribes to a room that the user joins between the two readings of a handshake (openConnection)',
  'WebSocket/DisconnectHandler dynamodb:UpdateItem Connections':
    'refuses a frame whose action is `$disconnect` where the gateway passes it on; the engine takes it to $default',
};

/** Lambda writes the functions' logs with their roles; the engine has no log groups and shows what they say itself. */
const LOGS = /^logs:(CreateLogStream|PutLogEvents)$/;

let engine: Engine;
let stage: Stage;
let grants: Grant[];
let dynamodb: DynamoDBClient;
const logs: EngineLogEntry[] = [];

beforeAll(async () => {
  await build();
  const assemblyDirectory = join(await temporaryFolder(), 'cdk.out');
  await synthesize(assemblyDirectory, {});
  engine = await startEngine({
    assemblyDirectory,
    environmentScript: await bundledEnvironment(),
    logLevel: 'warn',
    log: (entry) => logs.push(entry),
  });
  grants = engine.model.functions.flatMap(grantsOf);
  const credentials = { accessKeyId: 'user', secretAccessKey: 'any' };
  dynamodb = new DynamoDBClient({ endpoint: engine.awsEndpoint, region: 'us-east-1', credentials });
  const [alice, bob] = await people(engine, 'alice', 'bob');
  const table = (id: string) => {
    const name = engine.model.tables.find(({ constructPath }) => constructPath.includes(id))?.name ?? '';
    return new Items(dynamodb, name);
  };
  stage = {
    endpoint: engine,
    awsEndpoint: engine.awsEndpoint,
    alice,
    bob,
    chat: table('/Chat'),
    connections: table('/Connections'),
    secretArn: engine.model.secrets[0]?.arn ?? '',
    rotatorName: engine.model.functions.find((fn) => entryOf(fn) === 'SigningKeys/Rotator')?.name ?? '',
    makerName: engine.model.functions.find((fn) => entryOf(fn) === 'SigningKeys/Maker')?.name ?? '',
    watchQueue: engine.model.queues.find(({ constructPath }) => constructPath.includes('/Watch/'))?.url ?? '',
  };
}, 120_000);

afterAll(async () => {
  dynamodb?.destroy();
  await engine?.close();
  await removeFolders();
});

/** The function's place in the stack: its construct path without the stack's name and what CloudFormation adds. */
function entryOf({ constructPath }: FunctionModel): string {
  return constructPath
    .split('/')
    .slice(1)
    .filter((part) => part !== 'Resource')
    .join('/');
}

function grantsOf(fn: FunctionModel): Grant[] {
  const role = engine.model.roles.find(({ arn }) => arn === fn.roleArn);
  if (!role) return [];
  return role.statements.flatMap((statement, index) =>
    statement.actions.map((action) => ({
      entry: entryOf(fn),
      action,
      resources: statement.resources,
      fn,
      rest: {
        ...role,
        statements: role.statements.with(index, {
          ...statement,
          actions: statement.actions.filter((other) => other !== action),
        }),
      },
    })),
  );
}

const tableOf = (resources: readonly string[]): string =>
  /:table\/[^/]*(Chat|Connections)/.exec(resources.join())?.[1] ?? '';
/** What failed goes to the failure queue by Lambda's hand; other messages a function sends itself. */
const isPolling = ({ action, resources }: Pick<Grant, 'action' | 'resources'>): boolean =>
  POLLING.test(action) ||
  (action === 'sqs:SendMessage' &&
    engine.model.eventSourceMappings.some(
      ({ failureDestinationArn: arn }) => arn !== undefined && resources.includes(arn),
    ));
const isLambdas = (grant: Pick<Grant, 'action' | 'resources'>): boolean =>
  LOGS.test(grant.action) || WITH_POLLING.test(grant.action) || isPolling(grant);
const keyOf = (entry: string, { action, resources }: Pick<Grant, 'action' | 'resources'>): string =>
  `${entry} ${action} ${tableOf(resources)}`.trim();

/** Plays a function's scene with sockets of its own: one that was broken off may still be ending theirs. */
async function play(entry: string): Promise<void> {
  const scene = SCENES[entry];
  if (!scene) throw new Error(`${entry} has no scene`);
  const again = ({ endpoint, user, password, token }: Account) =>
    new Account(endpoint, user, password, token);
  const own = { ...stage, alice: again(stage.alice), bob: again(stage.bob) };
  try {
    await scene(own);
  } finally {
    own.alice.disconnect();
    own.bob.disconnect();
  }
}

describe('the grants of the stack', () => {
  it('are all used by what users and AWS do, or explained', async () => {
    for (const entry of Object.keys(SCENES).filter((name) => name !== 'SigningKeys/Maker')) await play(entry);
    const unused = Object.entries(engine.authorizer.unusedGrants()).flatMap(([name, list]) => {
      const fn = engine.model.functions.find((one) => one.name === name);
      return list.filter((grant) => !isLambdas(grant)).map((grant) => keyOf(fn ? entryOf(fn) : name, grant));
    });
    expect(unused.sort()).toEqual(Object.keys(EXPLAINED).sort());
  }, 120_000);

  it('to read a stream and to send what failed: no mapping is made without them', () => {
    const polling = grants.filter(isPolling);
    const { eventSourceMappings } = engine.model;
    expect(polling.length).toBeGreaterThanOrEqual(3 * eventSourceMappings.length);
    for (const { rest, entry, action } of polling) {
      const authorizer = new Authorizer(engine.model);
      authorizer.replaceRole(rest);
      expect(() => checkMappings(engine.model, authorizer), `${entry} ${action}`).toThrow(action);
    }
  });

  it('of API Gateway to invoke: no route is served without its own', () => {
    const { invokePermissions } = engine.model;
    expect(() => checkInvokeRights(engine.model)).not.toThrow();
    for (const permission of invokePermissions) {
      const without = invokePermissions.filter((other) => other !== permission);
      const check = () => checkInvokeRights({ ...engine.model, invokePermissions: without });
      expect(check, permission.constructPath).toThrow('no AWS::Lambda::Permission lets');
    }
  });

  it('of each function fail something visible when they are gone, one at a time', async () => {
    const needed = grants.filter(
      (grant) => !isLambdas(grant) && EXPLAINED[keyOf(grant.entry, grant)] === undefined,
    );
    expect(needed.length).toBeGreaterThan(50);
    // The scene of the keys ends all tokens.
    const last = (grant: Grant) => Number(grant.entry === 'SigningKeys/Maker');
    const missed: string[] = [];
    for (const grant of needed.sort((a, b) => last(a) - last(b))) {
      const reason = await unnoticed(grant);
      if (reason) missed.push(`${keyOf(grant.entry, grant)}: ${reason}`);
    }
    expect(missed).toEqual([]);
  }, 600_000);
});

/** Takes one grant away and plays the function's scene; undefined where a call was refused and that was felt. */
async function unnoticed({ entry, action, resources, fn, rest }: Grant): Promise<string | undefined> {
  const from = logs.length;
  const covers = resources.map(likeArn);
  const isDenial = ({ text }: EngineLogEntry) => {
    const denied = new RegExp(`^${fn.name} .* is denied ${action} on (\\S+);`).exec(text)?.[1];
    return denied !== undefined && covers.some((test) => test(denied));
  };
  const isFelt = ({ source, level }: EngineLogEntry) => source === fn.name && level === 'error';
  const role = engine.model.roles.find(({ arn }) => arn === fn.roleArn);
  if (!role) return 'it has no role';
  engine.authorizer.replaceRole(rest);
  // New environments, that remember nothing they were allowed to read before.
  engine.replace(fn.name, fn.codeDirectory);
  try {
    let failure: unknown;
    const played = play(entry).catch((error: unknown) => {
      failure = error;
    });
    const noticed = eventually(
      () => logs.slice(from),
      (news) => news.some(isDenial) && (failure !== undefined || news.some(isFelt)),
    );
    const news = await Promise.race([noticed, played.then(() => noticed)]);
    if (!news.some(isDenial)) return `no call was refused; ${String(failure)}`;
    return failure === undefined && !news.some(isFelt) ? 'nothing failed' : undefined;
  } finally {
    engine.authorizer.replaceRole(role);
  }
}
