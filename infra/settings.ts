import type { IConstruct } from 'constructs';
import { type Limits, readLimits } from './limits.ts';
import { type ModerationSettings, readModeration } from './moderation-settings.ts';
import { readWebhook, type WebhookSettings } from './webhook-settings.ts';

/** CloudWatch Logs keeps a group for one of these numbers of days (API reference of `PutRetentionPolicy`). */
const RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;

const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** What a deployer may choose; each value comes from CDK context of the same name and has been checked. */
export interface Settings {
  /** Name of this deployment: part of the stack's name, the path of the WebSocket address, in every log line. */
  readonly stage: string;
  /** Whether tables and keys outlive the stack, with deletion protection and point-in-time recovery. */
  readonly keepData: boolean;
  /** Days that messages are kept in every room, where the room's own rule is not shorter; 0: for ever. */
  readonly retentionDays: number;
  /** Origins whose pages may call the service; `*`: any; empty: no page, only programs. */
  readonly allowedOrigins: readonly string[];
  /** Base address of `@connections`; `{api}` and `{stage}` in it stand for the WebSocket API's id and stage. */
  readonly callbackUrl: string | undefined;
  readonly limits: Limits;
  readonly accessTokenSeconds: number;
  /** An OpenID Connect provider whose access tokens are taken in place of our own. */
  readonly oidc: OidcProvider | undefined;
  /** Seconds that a user's last connection is gone before it is told to be offline. */
  readonly presenceGraceSeconds: number;
  /** Seconds that there are to read a message before anybody is notified of it. */
  readonly notificationDelaySeconds: number;
  /** Who is called with notifications; undefined: nobody. */
  readonly webhook: WebhookSettings | undefined;
  /** The HTTP API's domain; the WebSocket API answers at `ws.` before it, as the two can't share one. */
  readonly domain: Domain | undefined;
  /** Whether the web app is part of the stack; an endpoint that knows no CloudFront needs it left out. */
  readonly website: boolean;
  /** The web app's own domain; without it CloudFront's name stands for it. */
  readonly websiteDomain: Domain | undefined;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  readonly logRetentionDays: (typeof RETENTION_DAYS)[number];
  /** Whether the stack sets the account's role that lets API Gateway write a WebSocket API's access log. */
  readonly accountLogRole: boolean;
  /** Requests a second, and at once, that each of the two APIs takes. */
  readonly throttleRate: number;
  readonly throttleBurst: number;
  /** Who is asked before a message is committed; undefined: nobody. */
  readonly moderation: ModerationSettings | undefined;
  readonly alarmEmail: string | undefined;
  readonly alarmTopicArn: string | undefined;
  /** Whether messages can be found by their words, which costs about seven write units each (docs/data-model.md). */
  readonly search: boolean;
  /** False where the endpoint knows no `AWS::ApiGatewayV2::RouteResponse` and sends replies without. */
  readonly routeResponses: boolean;
}

export interface OidcProvider {
  /** `iss` of its tokens, letter by letter. */
  readonly issuer: string;
  /** `aud` of its tokens that are meant for this deployment; with Amazon Cognito the app client's id. */
  readonly audience: string;
  /** The claim that says who someone is: one that is unique and that no user can change. */
  readonly userClaim: string;
}

export interface Domain {
  readonly name: string;
  /** Of an API: a certificate of the stack's region for the name and `ws.` before it. Of the web app: one of us-east-1 for the name. */
  readonly certificateArn: string;
  /** Route 53 zone that gets the names' records; without it the deployer makes them. */
  readonly hostedZoneId: string | undefined;
}

/** Context that can't be synthesized; the text says each key's fault, a line each. */
export class ContextError extends Error {
  constructor(faults: readonly string[]) {
    super(faults.map((fault) => `unable to synthesize; ${fault}`).join('\n'));
    this.name = 'ContextError';
  }
}

/**
 * Reads the settings from the context of `scope`. Values may be text (`-c key=value`) or JSON (`cdk.json`).
 *
 * @throws {ContextError} for a value out of its range, a key that needs another, or a key that Parley does not know.
 */
export function readSettings(scope: IConstruct): Settings {
  const context = new Reader(scope.node.getAllContext());
  const stage =
    context.text('stage', /^[a-z][a-z0-9-]{0,19}$/, 'a-z, 0-9 and -, a letter first, at most 20') ?? 'dev';
  const settings: Settings = {
    stage,
    keepData: context.flag('keepData', stage === 'prod'),
    retentionDays: context.whole('retentionDays', 0, 3_650, 0),
    allowedOrigins: context.list(
      'allowedOrigins',
      isOrigin,
      'origins such as https://chat.example.com, or *',
    ) ?? ['http://localhost:3000', 'http://127.0.0.1:3000'],
    callbackUrl: context.text(
      'callbackUrl',
      /^https?:\/\/[^\s?#]+[^\s?#/]$/,
      'an address, no slash at its end',
    ),
    limits: readLimits(context),
    accessTokenSeconds: context.whole('accessTokenSeconds', 60, 86_400, 900),
    // A page that is loaded again is back within two or three seconds; SQS holds a message back for 900 at most.
    presenceGraceSeconds: context.whole('presenceGraceSeconds', 0, 900, 5),
    // Whoever looks at the room has read it by then; SQS holds a message back for 900 at most.
    notificationDelaySeconds: context.whole('notificationDelaySeconds', 0, 900, 3),
    webhook: readWebhook(context),
    oidc: readOidc(context),
    ...readDomains(context),
    website: context.flag('website', true),
    logLevel: context.one('logLevel', LOG_LEVELS, 'info'),
    logRetentionDays: context.one('logRetentionDays', RETENTION_DAYS, 30),
    accountLogRole: context.flag('accountLogRole', true),
    // A fifth of API Gateway's 10,000 requests a second per account: the posts to clients draw on the same quota.
    throttleRate: context.whole('throttleRate', 1, 100_000, 2_000),
    throttleBurst: context.whole('throttleBurst', 1, 100_000, 1_000),
    moderation: readModeration(context),
    alarmEmail: context.text('alarmEmail', /^[^\s@]+@[^\s@]+$/, 'an e-mail address'),
    alarmTopicArn: context.text(
      'alarmTopicArn',
      /^arn:[^:]+:sns:[^:]+:\d{12}:.+$/,
      'the ARN of an SNS topic',
    ),
    search: context.flag('search', true),
    routeResponses: context.flag('routeResponses', true),
  };
  if (settings.alarmEmail !== undefined && settings.alarmTopicArn !== undefined) {
    context.fault(
      'context alarmEmail and alarmTopicArn exclude each other: subscribe the address to the topic',
    );
  }
  context.finish();
  return settings;
}

function readOidc(context: Reader): OidcProvider | undefined {
  const issuer = context.text(
    'oidcIssuer',
    /^(https:\/\/[^\s?#/]+|http:\/\/(localhost|127\.0\.0\.1)(:\d+)?)(\/[^\s?#]*)?$/,
    'the address of an OpenID Connect issuer, https or on this machine, letter by letter as in its tokens',
  );
  const audience = context.text('oidcAudience', /^[\x21-\x7e]{1,255}$/, 'the audience of its access tokens');
  const userClaim = context.text('oidcUserClaim', /^[\w:/.-]{1,100}$/, 'the name of a claim');
  if (issuer !== undefined && audience !== undefined)
    return { issuer, audience, userClaim: userClaim ?? 'sub' };
  if (issuer !== undefined || audience !== undefined || userClaim !== undefined)
    context.fault('context oidcIssuer and oidcAudience need each other, and oidcUserClaim needs both');
  return undefined;
}

const DOMAIN_NAME = /^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/;

function readDomains(context: Reader): Pick<Settings, 'domain' | 'websiteDomain'> {
  const name = context.text('domainName', DOMAIN_NAME, 'a domain name');
  const certificateArn = context.text(
    'certificateArn',
    /^arn:[^:]+:acm:[^:]+:\d{12}:certificate\/.+$/,
    'the ARN of an ACM certificate',
  );
  const websiteName = context.text('websiteDomainName', DOMAIN_NAME, 'a domain name');
  const websiteCertificateArn = context.text(
    'websiteCertificateArn',
    /^arn:[^:]+:acm:us-east-1:\d{12}:certificate\/.+$/,
    'the ARN of an ACM certificate in us-east-1, where CloudFront looks for it',
  );
  const hostedZoneId = context.text('hostedZoneId', /^Z[A-Z0-9]{1,31}$/, 'the id of a Route 53 zone');
  if (name === undefined && (certificateArn !== undefined || (hostedZoneId !== undefined && !websiteName)))
    context.fault('context certificateArn and hostedZoneId need domainName');
  if (name !== undefined && certificateArn === undefined)
    context.fault(`context domainName needs certificateArn, a certificate for ${name} and ws.${name}`);
  if ((websiteName === undefined) !== (websiteCertificateArn === undefined))
    context.fault('context websiteDomainName and websiteCertificateArn need each other');
  return {
    domain: name && certificateArn ? { name, certificateArn, hostedZoneId } : undefined,
    websiteDomain:
      websiteName && websiteCertificateArn
        ? { name: websiteName, certificateArn: websiteCertificateArn, hostedZoneId }
        : undefined,
  };
}

function isOrigin(text: string): boolean {
  if (text === '*') return true;
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).origin === text;
}

/** Takes typed values out of the context, and gathers what is wrong with it. */
class Reader {
  readonly #context: Readonly<Record<string, unknown>>;
  readonly #known = new Set<string>();
  readonly #faults: string[] = [];

  constructor(context: Readonly<Record<string, unknown>>) {
    this.#context = context;
  }

  text(key: string, pattern: RegExp, rule: string): string | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    if (typeof value === 'string' && pattern.test(value)) return value;
    return this.#refuse(key, rule, value);
  }

  list(key: string, accept: (item: string) => boolean, rule: string): readonly string[] | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    const items: unknown[] = Array.isArray(value) ? value : String(value).split(',');
    const texts = items.map((item) => String(item).trim()).filter((item) => item !== '');
    return texts.every(accept) ? texts : this.#refuse(key, rule, value);
  }

  whole(key: string, least: number, most: number, otherwise: number): number {
    const value = this.#take(key);
    if (value === undefined) return otherwise;
    const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
    if (typeof number === 'number' && Number.isInteger(number) && number >= least && number <= most)
      return number;
    return this.#refuse(key, `a whole number from ${least} to ${most}`, value) ?? otherwise;
  }

  flag(key: string, otherwise: boolean): boolean {
    const value = this.#take(key);
    if (value === undefined) return otherwise;
    if (value === true || value === 'true') return true;
    if (value === false || value === 'false') return false;
    return this.#refuse(key, 'true or false', value) ?? otherwise;
  }

  one<T extends string | number>(key: string, choices: readonly T[], otherwise: T): T {
    const value = this.#take(key);
    if (value === undefined) return otherwise;
    const choice = choices.find((candidate) => String(candidate) === String(value));
    return choice ?? this.#refuse(key, `one of ${choices.join(', ')}`, value) ?? otherwise;
  }

  fault(text: string): void {
    this.#faults.push(text);
  }

  /** Refuses what was never asked for. Parley's keys are plain words; those with `:` or `/` are the CDK's own. */
  finish(): void {
    for (const key of Object.keys(this.#context)) {
      if (/[:/]/.test(key) || this.#known.has(key)) continue;
      this.fault(`context ${key} is unknown; known are ${[...this.#known].join(', ')}`);
    }
    if (this.#faults.length > 0) throw new ContextError(this.#faults);
  }

  /** An empty value, as a script passes for a variable that is not set, is no value. */
  #take(key: string): unknown {
    this.#known.add(key);
    const value = this.#context[key];
    return value === '' || value === null ? undefined : value;
  }

  #refuse(key: string, rule: string, value: unknown): undefined {
    this.fault(`context ${key} must be ${rule}, not ${JSON.stringify(value)}`);
    return undefined;
  }
}
