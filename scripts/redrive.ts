/** `npm run redrive`: does again what functions gave up, once its cause is mended. */
import { parseArgs } from 'node:util';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SQSClient } from '@aws-sdk/client-sqs';
import { CommandError, printFailure } from './command-error.ts';
import { functionOf, readGivenUp, readRecords } from './redrive/given-up.ts';
import { drain, moveBack } from './redrive/queues.ts';
import {
  type Clients,
  findUnsettled,
  handToSettler,
  isForSettler,
  recordsOfRoom,
} from './redrive/settler.ts';
import { deployedStack, localStack, type RedriveStack } from './redrive/stack.ts';

const USAGE = `Usage: npm run redrive -- --stack NAME | --url URL [options]

Does again what functions of a stack gave up: moves messages of the dead-letter queues back to theirs, and has the settler take once more
what the failure queue tells of. The stream has records for 24 hours; older ones are made again from the rooms' logs. Every step
may be done twice. What can't be done stays where it is.

  --stack NAME     a deployed stack, such as Parley-dev; credentials and region are those of the AWS command line, and
                   AWS_ENDPOINT_URL may name an emulator
  --url URL        where npm start answers, such as http://localhost:3000
  --room R         have the settler take all of this room's log that is not settled, besides
  --help           this text
`;

function parseOptions(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        stack: { type: 'string' },
        url: { type: 'string' },
        room: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    throw misuse(error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error));
  }
}

function misuse(reason: string): CommandError {
  return new CommandError('redrive', reason, 'npm run redrive -- --help lists the options.');
}

/** @returns whether nothing was left undone. */
async function redriveRoom(clients: Clients, stack: RedriveStack, room: string): Promise<boolean> {
  const { records, missing } = await recordsOfRoom(clients, stack, room);
  if (missing.length > 0) console.log(`${room}: events ${missing.join(', ')} are stored nowhere`);
  const fault = await handToSettler(clients, stack, records);
  console.log(`${room}: ${fault ?? `${records.length} events settled again`}`);
  return fault === undefined && missing.length === 0;
}

/** @returns whether nothing was left undone. */
async function redriveAll(clients: Clients, stack: RedriveStack): Promise<boolean> {
  console.log('the stream has some records no more: looking through the table');
  const { rooms, accounts } = await findUnsettled(clients, stack);
  const fault = await handToSettler(clients, stack, accounts);
  if (accounts.length > 0) console.log(`${accounts.length} deleted accounts: ${fault ?? 'handed on again'}`);
  let isWhole = fault === undefined;
  for (const room of rooms) isWhole = (await redriveRoom(clients, stack, room)) && isWhole;
  return isWhole;
}

/** Has the settler take again what it gave up. @returns whether nothing was left undone. */
async function redriveStream(clients: Clients, sqs: SQSClient, stack: RedriveStack): Promise<boolean> {
  const streams = new DynamoDBStreamsClient({});
  const isSettlers = (name: string) => name === stack.settler;
  let isWhole = true;
  /** Once for all messages whose records are gone; undefined until one is met. */
  let all: Promise<boolean> | undefined;
  await drain(sqs, stack.streamFailures, async ({ Body = '', MessageId }) => {
    const givenUp = readGivenUp(Body);
    if (!givenUp) {
      console.log(`message ${MessageId} is none of Lambda's: left where it is`);
      isWhole = false;
      return false;
    }
    const { batchSize } = givenUp.DDBStreamBatchInfo;
    const what = `${batchSize} records that ${functionOf(givenUp)} gave up at ${givenUp.timestamp}`;
    if (!isSettlers(functionOf(givenUp))) {
      // Whoever was connected then has come back since, and has synced: there is nobody left to tell.
      console.log(`${what}: nothing to do, clients have synced`);
      return true;
    }
    const found = await readRecords(streams, givenUp);
    if (!found) all ??= redriveAll(clients, stack);
    const fault = found
      ? await handToSettler(clients, stack, found.filter(isForSettler))
      : (await all)
        ? undefined
        : 'not all of the table could be settled';
    console.log(`${what}: ${fault ?? 'settled again'}`);
    isWhole &&= fault === undefined;
    return fault === undefined;
  });
  return isWhole;
}

async function main(): Promise<void> {
  const { stack: name, url, room, help } = parseOptions(process.argv.slice(2));
  if (help) {
    console.log(USAGE);
    return;
  }
  if ((name === undefined) === (url === undefined)) throw misuse('it takes --stack or --url');
  const stack = name === undefined ? await localStack(url ?? '') : await deployedStack(name);
  const clients = { dynamodb: new DynamoDBClient({}), lambda: new LambdaClient({}) };
  const sqs = new SQSClient({});
  const moved = await Promise.all(stack.deadLetters.map((queue) => moveBack(sqs, queue)));
  for (const [index, { name }] of stack.deadLetters.entries()) {
    console.log(`${name}: ${moved[index]} messages moved back`);
  }
  let isWhole = await redriveStream(clients, sqs, stack);
  if (room !== undefined) isWhole = (await redriveRoom(clients, stack, room)) && isWhole;
  if (!isWhole) throw new CommandError('redrive all of it', 'see above', 'docs/runbook.md says what to do.');
}

main().catch((error: unknown) => {
  printFailure(error);
  process.exitCode = 1;
});
