/** `npm run rebuild -- --room R`: makes anew what is derived from a room's log. */
import { parseArgs } from 'node:util';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { CommandError, printFailure } from './command-error.ts';
import { callEngine } from './redrive/stack.ts';
import { Progress } from './replay/progress.ts';

const USAGE = `Usage: npm run rebuild -- --room R [--stack NAME | --url URL]

Compares all that is derived from a room's log with what the log says, and mends what differs: texts, reactions, pins, threads and
deletions of messages, the words that search finds them by, and the mentions that members have not read. The room can be used meanwhile. To run it twice does no harm.

  --room R         id of the room
  --stack NAME     name of the stack, Parley-dev by default; credentials and region are those of the AWS command line, and
                   AWS_ENDPOINT_URL may name an emulator
  --url URL        where npm start answers, such as http://localhost:3000
  --help           this text
`;

/** Times that a step is asked for in a row: it fails where the room moves faster than it is read. */
const TRIES = 5;

interface Step {
  readonly rest?: { readonly room: string; readonly after: number };
  readonly looked: number;
  readonly mended: number;
  readonly seq: number;
}

function misuse(reason: string): CommandError {
  return new CommandError('rebuild', reason, 'npm run rebuild -- --help lists the options.');
}

function parseOptions(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        room: { type: 'string' },
        stack: { type: 'string', default: 'Parley-dev' },
        url: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    throw misuse(error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error));
  }
}

/** @throws {CommandError} where there is no such stack, or the function failed each time. */
async function step(lambda: LambdaClient, stack: string, task: NonNullable<Step['rest']>): Promise<Step> {
  for (let tries = 1; ; tries++) {
    const answer = await lambda
      .send(new InvokeCommand({ FunctionName: `${stack}-rebuild-room`, Payload: JSON.stringify(task) }))
      .catch((error: unknown) => {
        const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
        throw new CommandError('rebuild', reason, `Is ${stack} the stack's name? AWS_PROFILE, AWS_REGION?`);
      });
    const text = Buffer.from(answer.Payload ?? []).toString();
    if (answer.FunctionError === undefined) return JSON.parse(text) as Step;
    if (tries < TRIES) continue;
    const { errorMessage = answer.FunctionError } = JSON.parse(text) as { errorMessage?: string };
    throw new CommandError('rebuild', errorMessage, 'The function’s log says more.');
  }
}

async function main(): Promise<void> {
  const { room, stack, url, help } = parseOptions(process.argv.slice(2));
  if (help) {
    console.log(USAGE);
    return;
  }
  if (room === undefined || !/^[a-z0-9][a-z0-9-]{0,63}$/.test(room))
    throw misuse('it takes --room and an id');
  if (url !== undefined) await callEngine(url);
  // A step may take as long as Lambda allows; once more is harmless, and would only take longer.
  const lambda = new LambdaClient({ maxAttempts: 1, requestHandler: { requestTimeout: 0 } });
  const progress = new Progress();
  let [looked, mended] = [0, 0];
  let done: Step = { looked: 0, mended: 0, seq: 0, rest: { room, after: 0 } };
  while (done.rest) {
    progress.show(`${room}: at number ${done.rest.after} of ${done.seq || '…'}, ${mended} mended`);
    done = await step(lambda, stack, done.rest);
    looked += done.looked;
    mended += done.mended;
  }
  if (done.seq === 0) throw new CommandError('rebuild', `there is no room ${room}`, 'Is it spelled right?');
  progress.done(`${room}: ${looked} messages and members looked at, ${mended} mended`);
}

main().catch((error: unknown) => {
  printFailure(error);
  process.exitCode = 1;
});
