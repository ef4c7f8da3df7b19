/** `npm run rotate-keys -- --stack NAME`: makes the next signing key of a deployed stack. */
import { parseArgs } from 'node:util';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { CommandError, printFailure } from './command-error.ts';

const USAGE = `Usage: npm run rotate-keys -- [--stack NAME]

Makes the next key that signs access tokens and publishes it. It signs from ten minutes later on, and the one before it verifies
for a day more: nobody is logged out. A schedule of the stack does the same every thirty days.
Credentials and region are those of the AWS command line: AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL and so on.

  --stack NAME     name of the stack; Parley-dev by default
  --help           this text
`;

interface Key {
  readonly kid: string;
  readonly signsFrom: string;
}

function parseOptions(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        stack: { type: 'string', default: 'Parley-dev' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error);
    throw new CommandError('rotate the keys', reason, 'npm run rotate-keys -- --help lists the options.');
  }
}

/** @throws {CommandError} where there is no such stack, or the function failed. */
async function rotate(stack: string): Promise<readonly Key[]> {
  const lambda = new LambdaClient({});
  const answer = await lambda
    .send(
      new InvokeCommand({ FunctionName: `${stack}-rotate-keys`, Payload: JSON.stringify({ force: true }) }),
    )
    .catch((error: unknown) => {
      const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      throw new CommandError(
        'rotate the keys',
        reason,
        `Is ${stack} the stack's name? AWS_PROFILE, AWS_REGION?`,
      );
    });
  const text = Buffer.from(answer.Payload ?? []).toString();
  if (answer.FunctionError !== undefined) {
    const { errorMessage = answer.FunctionError } = JSON.parse(text) as { errorMessage?: string };
    throw new CommandError('rotate the keys', errorMessage, 'The function’s log says more.');
  }
  return (JSON.parse(text) as { keys: Key[] }).keys;
}

async function main(): Promise<void> {
  const { stack, help } = parseOptions(process.argv.slice(2));
  if (help) {
    console.log(USAGE);
    return;
  }
  for (const { kid, signsFrom } of await rotate(stack)) {
    console.log(`${kid}  ${Date.parse(signsFrom) > Date.now() ? 'signs from' : 'signs since'} ${signsFrom}`);
  }
}

main().catch((error: unknown) => {
  printFailure(error);
  process.exitCode = 1;
});
