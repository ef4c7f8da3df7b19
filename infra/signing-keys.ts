import { CustomResource, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { ENV } from '../shared/environment.ts';
import { Handler } from './handler.ts';
import type { Settings } from './settings.ts';
import type { Tables } from './tables.ts';

/** How often it is looked whether the keys are to be rotated: each step of a rotation waits for one look at most. */
const LOOK_EVERY = Duration.hours(12);

/**
 * The keys that sign access tokens. The secret is made with a placeholder; a custom resource puts the first private key
 * into it at deploy, so that no template, variable or log ever holds one, and the public half into the Chat table, where
 * who checks a token finds it without a right to the secret.
 */
export class SigningKeys extends Construct {
  readonly #secret: secretsmanager.Secret;

  constructor(scope: Construct, id: string, settings: Settings, tables: Tables) {
    super(scope, id);
    this.#secret = new secretsmanager.Secret(this, 'Secret', {
      description: 'Private keys that sign access tokens, as a JWK set',
      generateSecretString: { secretStringTemplate: '{"keys":[]}', generateStringKey: 'placeholder' },
      removalPolicy: settings.keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    const maker = new Handler(this, 'Maker', {
      settings,
      entry: 'operations/signing-keys',
      description: 'Makes the first signing key at deploy, if there is none',
      timeout: Duration.seconds(30),
      memorySize: 256,
    });
    // Reads first: a key that is there is kept. Writes the private set here and the public one under KEYS.
    this.#bind(maker, ['GetSecretValue', 'PutSecretValue']);
    tables.chat.bind(maker, { actions: ['PutItem'], keys: ['KEYS'] });

    const first = new CustomResource(this, 'First', {
      resourceType: 'Custom::SigningKeys',
      serviceToken: maker.functionArn,
      // Longer than the function's time-out; without it CloudFormation waits an hour for an answer that was lost.
      serviceTimeout: Duration.minutes(2),
    });
    // The invocation needs the grants, and a policy is a resource of its own.
    first.node.addDependency(maker, maker.role ?? maker);
    this.#rotate(settings, tables);
  }

  /** Named, so that `npm run rotate-keys` needs to know the stack's name alone. */
  #rotate(settings: Settings, tables: Tables): void {
    const rotator = new Handler(this, 'Rotator', {
      settings,
      entry: 'operations/rotate-keys',
      description: 'Makes the next signing key, and takes away those whose tokens have ended',
      timeout: Duration.seconds(30),
      memorySize: 256,
      functionName: `${Stack.of(this).stackName}-rotate-keys`,
    });
    // As the maker.
    this.#bind(rotator, ['GetSecretValue', 'PutSecretValue']);
    tables.chat.bind(rotator, { actions: ['PutItem'], keys: ['KEYS'] });
    new events.Rule(this, 'Rotation', {
      description: `Rotates the keys that sign access tokens, ${settings.stage}`,
      schedule: events.Schedule.rate(LOOK_EVERY),
      targets: [new LambdaFunction(rotator)],
    });
  }

  /** Lets a function read the private keys, to sign. */
  bind(handler: Handler): void {
    this.#bind(handler, ['GetSecretValue']);
  }

  #bind(handler: Handler, actions: readonly ('GetSecretValue' | 'PutSecretValue')[]): void {
    handler.addEnvironment(ENV.signingKeysSecret, this.#secret.secretArn);
    handler.allow(
      actions.map((action) => `secretsmanager:${action}`),
      [this.#secret.secretArn],
    );
  }
}
