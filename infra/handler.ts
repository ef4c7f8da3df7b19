import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import manifest from '../package.json' with { type: 'json' };
import { ENV } from '../shared/environment.ts';
import type { Settings } from './settings.ts';

/** Where `npm run build` puts the bundles. */
const BUNDLES = join(import.meta.dirname, '../dist/functions');

/** Folder of an entry's bundle, with what lies beside it. @throws where it was not built */
export function bundleOf(entry: string): string {
  const bundle = join(BUNDLES, entry);
  if (existsSync(join(bundle, 'index.js'))) return bundle;
  throw new Error(`unable to synthesize; the bundle of functions/${entry}.ts is missing: npm run build`);
}

export interface HandlerProps {
  readonly settings: Settings;
  /** The entry that it runs, `<group>/<name>` for `functions/<group>/<name>.ts`. */
  readonly entry: string;
  /** One sentence for whoever meets the function in the console. */
  readonly description: string;
  readonly timeout: Duration;
  /** Memory, MiB; the share of a CPU grows with it, a whole one at 1,769. */
  readonly memorySize: number;
  /** A name that a command can count on; made by CloudFormation where there is none. */
  readonly functionName?: string;
}

/**
 * A Lambda function of the service: its bundle, its log group, and a role of its own that may write there and nothing
 * else. Whatever else it needs is granted where the need arises, by `bind` of the resource or by `allow`.
 */
export class Handler extends lambda.Function {
  /** The entry that it runs, `<group>/<name>`. */
  readonly entry: string;

  constructor(scope: Construct, id: string, { settings, entry, ...props }: HandlerProps) {
    const logGroup = new logs.LogGroup(scope, `${id}Logs`, {
      retention: settings.logRetentionDays,
      removalPolicy: settings.keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    // Not the managed policy for basic execution: that one may write to every log group of the account.
    const role = new iam.Role(scope, `${id}Role`, {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
    });
    logGroup.grantWrite(role);
    super(scope, id, {
      ...props,
      code: lambda.Code.fromAsset(bundleOf(entry)),
      handler: 'index.handler',
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      role,
      logGroup,
      environment: {
        [ENV.stage]: settings.stage,
        [ENV.logLevel]: settings.logLevel,
        [ENV.serviceVersion]: manifest.version,
      },
    });
    this.entry = entry;
  }

  /** Grants the function `actions` on `resources`, and nothing implied. */
  allow(actions: readonly string[], resources: readonly string[], conditions: iam.Conditions = {}): void {
    this.addToRolePolicy(
      new iam.PolicyStatement({ actions: [...actions], resources: [...resources], conditions }),
    );
  }
}
