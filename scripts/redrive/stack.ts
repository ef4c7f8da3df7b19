/** The stack whose queues are redriven: its outputs, and where its services answer. */
import { CommandError } from '../command-error.ts';
import { readOutputs } from '../deploy/outputs.ts';

/** A queue, and the one that keeps what its function could not do. */
export interface DeadLetters {
  readonly name: string;
  readonly failures: string;
  readonly queue: string;
}

export interface RedriveStack {
  readonly chatTable: string;
  readonly settler: string;
  /** Where the stream's readers tell what they gave up. */
  readonly streamFailures: string;
  readonly deadLetters: readonly DeadLetters[];
}

/** How long the engine may take to answer, milliseconds. */
const TIMEOUT_MS = 5_000;

/** A stack that is deployed to AWS, or to an emulator at `AWS_ENDPOINT_URL`. @throws {CommandError} where there is none. */
export async function deployedStack(name: string): Promise<RedriveStack> {
  return stackOf(await readOutputs(name));
}

/** The stack that `npm start` runs. @throws {CommandError} where no engine answers at that address. */
export async function localStack(url: string): Promise<RedriveStack> {
  return stackOf(await callEngine(url));
}

/**
 * Has this process's AWS clients call the services of the engine that answers at an address.
 *
 * @returns the outputs of the stack that it runs.
 * @throws {CommandError} where none answers.
 */
export async function callEngine(url: string): Promise<Readonly<Record<string, string>>> {
  try {
    const response = await fetch(new URL('/_local/stack', url), { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const { aws, outputs } = (await response.json()) as {
      readonly aws: string;
      readonly outputs: Readonly<Record<string, string>>;
    };
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: aws,
      AWS_REGION: 'us-east-1',
      // Whom the engine does not know is its user, who may do everything.
      AWS_ACCESS_KEY_ID: 'user',
      AWS_SECRET_ACCESS_KEY: 'any',
    });
    return outputs;
  } catch (error) {
    throw new CommandError('find the engine', `none answers at ${url}`, 'Does npm start run there?', {
      cause: error,
    });
  }
}

function stackOf(outputs: Readonly<Record<string, string>>): RedriveStack {
  const output = (name: string) => {
    const value = outputs[name];
    if (value !== undefined) return value;
    throw new CommandError('redrive', `the stack has no output ${name}`, 'Deploy this version first.');
  };
  return {
    chatTable: output('ChatTable'),
    settler: output('SettlerFunction'),
    streamFailures: output('FailureQueueUrl'),
    deadLetters: output('DeadLetters')
      .split(',')
      .map((line) => {
        const [name = '', failures = '', queue = ''] = line.split(' ');
        return { name, failures, queue };
      }),
  };
}
