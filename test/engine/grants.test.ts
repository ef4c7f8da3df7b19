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
import { pause } from '../helper/endpoint.ts';
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
  'Retention/Trimmer sqs:SendMessage':
    'sends itself the rest of a room with so many messages that its time is over (trimRoom); and has files end with their message',
  'WebSocket/AuthenticateHandler sqs:SendMessage':
    'has a connection closed that goes over to a session which ends at that very moment (authenticateConnection)',
  'WebSocket/ConnectHandler dynamodb:PutItem Connections':
    'subscribes to a room that the user joins between the two readings of a handshake (openConnection)',
  'WebSocket/DisconnectHandler dynamodb:UpdateItem Connections':
    'refuses a frame whose action is `$disconnect` where the gateway passes it on; the engine takes it to $default',
};

/** Lambda writes the functions' logs with their roles; the engine has no log groups and shows what they say itself. */
const LOGS = /^logs:(CreateLogStream|PutLogEvents)$/;

/** The same two users play every scene: the limits would have them wait, or refuse what they say. And nobody needs time to come back, or to read. */
const CONTEXT = {
  commandsPerMinute: '6000',
  commandBurst: '2000',
  presenceGraceSeconds: '1',
  notificationDelaySeconds: '0',
};

/** Functions whose scenes change the keys of all users' tokens. */
const KEYS = /^SigningKeys\//;

/** Scenes that are played side by side where no grant is missing: most of their time is waiting. */
const LANES = 4;

/** AWS's word for a right that is missing, where a function tells what failed. */
const REFUSAL = /not authorized to perform: (\S+) on resource: (\S+)/;

/** How long a scene may be played, milliseconds: the settler's waits for five things, each of which has ten seconds. */
const LONGEST_PLAY_MS = 60_000;

let engine: Engine;
let stage: Stage;
let grants: Grant[];
let dynamodb: DynamoDBClient;
const logs: EngineLogEntry[] = [];

beforeAll(async () => {
  await build();
  const assemblyDirectory = join(await temporaryFolder(), 'cdk.out');
  await synthesize(assemblyDirectory, CONTEXT);
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
  const functionName = (entry: string) =>
    engine.model.functions.find((fn) => entryOf(fn) === entry)?.name ?? '';
  stage = {
    endpoint: engine,
    awsEndpoint: engine.awsEndpoint,
    storageEndpoint: engine.storageEndpoint,
    alice,
    bob,
    chat: table('/Chat'),
    connections: table('/Connections'),
    search: table('/Search'),
    secretArn: engine.model.secrets[0]?.arn ?? '',
    rotatorName: functionName('SigningKeys/Rotator'),
    makerName: functionName('SigningKeys/Maker'),
    publisherName: functionName('Website/Publisher'),
    websiteBucket:
      engine.model.buckets.find(({ constructPath }) => constructPath.includes('/Website/'))?.name ?? '',
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
  /:table\/[^/]*(Chat|Connections|Search)/.exec(resources.join())?.[1] ?? '';
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
async function play(entry: string, { alice, bob }: Pick<Stage, 'alice' | 'bob'> = stage): Promise<void> {
  const scene = SCENES[entry];
  if (!scene) throw new Error(`${entry} has no scene`);
  const again = ({ endpoint, user, password, token }: Account) =>
    new Account(endpoint, user, password, token);
  const own = { ...stage, alice: again(alice), bob: again(bob) };
  try {
    await scene(own);
  } finally {
    own.alice.disconnect();
    own.bob.disconnect();
  }
}

/** A scene that is being played. */
interface Playing {
  isOver: boolean;
  /** `at`: how many lines the log had then. */
  failure?: { readonly error: unknown; readonly at: number };
}

function begin(entry: string): Playing {
  const playing: Playing = { isOver: false };
  void play(entry)
    .catch((error: unknown) => {
      playing.failure = { error, at: logs.length };
    })
    .finally(() => {
      playing.isOver = true;
    });
  return playing;
}

/** Plays scenes side by side, each lane with people of its own. */
async function playAll(entries: readonly string[]): Promise<void> {
  const left = [...entries];
  const lane = async () => {
    const [alice, bob] = await people(engine, 'alice', 'bob');
    for (let entry = left.shift(); entry; entry = left.shift()) await play(entry, { alice, bob });
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

describe('the grants of the stack', () => {
  it('are all used by what users and AWS do, or explained', async () => {
    // The last ones take the longest.
    const apart = Object.keys(SCENES).filter((name) => !KEYS.test(name));
    await playAll(apart.reverse());
    await play('SigningKeys/Rotator');
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
  const isCovered = (resource = '') => covers.some((test) => test(resource));
  const isDenial = ({ text }: EngineLogEntry) =>
    isCovered(new RegExp(`^${fn.name} .* is denied ${action} on (\\S+);`).exec(text)?.[1]);
  /** The function's word that something went wrong; not for want of another right, as when it still misses the one before. */
  const isError = ({ source, level, text, fields }: EngineLogEntry) => {
    if (source !== fn.name || level !== 'error') return false;
    const refusal = REFUSAL.exec(`${text} ${fields?.reason}`);
    return !refusal || (refusal[1] === action && isCovered(refusal[2]));
  };
  const role = engine.model.roles.find(({ arn }) => arn === fn.roleArn);
  if (!role) return 'it has no role';
  try {
    engine.authorizer.replaceRole(rest);
    // New environments, that remember nothing they were allowed to read before.
    engine.replace(fn.name, fn.codeDirectory);
    const playing = begin(entry);
    /** What failed before any call was refused, failed for another reason. */
    const look = () => {
      const refused = logs.findIndex((line, index) => index >= from && isDenial(line));
      const isRefused = refused >= 0;
      const isFelt = (playing.failure?.at ?? 0) > refused || logs.slice(refused).some(isError);
      return { isRefused, isFelt: isRefused && isFelt };
    };
    const deadline = Date.now() + LONGEST_PLAY_MS;
    while (!look().isFelt && !playing.isOver && Date.now() < deadline) await pause(20);
    // The functions in the background may still be at what the scene began.
    const { isRefused, isFelt } = await eventually(look, ({ isFelt }) => isFelt);
    if (isFelt) return undefined;
    const { failure } = playing;
    const played = failure ? `the scene failed: ${failure.error}` : 'the scene met no failure';
    return `${isRefused ? 'a call was refused, but nothing failed' : 'no call was refused'}; ${played}`;
  } finally {
    engine.authorizer.replaceRole(role);
  }
}
