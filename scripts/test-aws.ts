/** `npm run test:aws -- --stack NAME`: runs the end-to-end suite against a stack that is deployed on an account. */
import { parseArgs } from 'node:util';
import { CommandError, printFailure } from './command-error.ts';
import { readOutputs } from './deploy/outputs.ts';
import { runSuite } from './deploy/suite.ts';

const USAGE = `Usage: npm run test:aws -- --stack NAME [-- arguments for vitest]

Runs the end-to-end suite against a deployed stack. It makes users and rooms with random names, and leaves them.
Credentials and region are those of the AWS command line: AWS_PROFILE, AWS_REGION and so on.

  --stack NAME     name of the stack, for example Parley-dev
  --help           this text
`;

function parseOptions(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: { stack: { type: 'string' }, help: { type: 'boolean', short: 'h', default: false } },
      allowPositionals: true,
    });
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error);
    throw new CommandError('test the stack', reason, 'npm run test:aws -- --help lists the options.');
  }
}

async function main(): Promise<number> {
  const { values, positionals } = parseOptions(process.argv.slice(2));
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  if (values.stack === undefined) {
    throw new CommandError('test the stack', 'no stack is named', 'npm run test:aws -- --stack Parley-dev');
  }
  const { HttpUrl: http, WebSocketUrl: websocket } = await readOutputs(values.stack);
  if (http === undefined || websocket === undefined) {
    throw new CommandError(
      'test the stack',
      `${values.stack} has no outputs HttpUrl and WebSocketUrl`,
      'Name a stack that npm run deploy made.',
    );
  }
  console.error(`Testing ${values.stack} at ${http} and ${websocket}`);
  return runSuite({ http, websocket }, 'aws', positionals);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    printFailure(error);
    process.exit(1);
  },
);
