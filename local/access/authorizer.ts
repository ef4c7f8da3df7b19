import type { AssemblyModel, RoleModel } from '../assembly/model.ts';
import { EngineError } from '../errors.ts';
import type { Caller, NeededPermission } from '../services/call.ts';
import type { Context } from './conditions.ts';
import { type Decision, type Grant, RolePolicy } from './policy.ts';
import { ResourcePolicies } from './resource-policy.ts';

/** A refused call, for whoever looks for the missing grant. */
export interface Denial {
  readonly functionName: string;
  readonly action: string;
  readonly resource: string;
  /** Of the function whose role lacks the grant. */
  readonly constructPath: string;
  /** As AWS words it. */
  readonly message: string;
}

/** What decides: the roles of functions, and where they are. */
export type AccessModel = Pick<AssemblyModel, 'functions' | 'roles' | 'region' | 'account'> & {
  /** Of queues and topics; left out where no call to them is checked. */
  readonly resourcePolicies?: AssemblyModel['resourcePolicies'];
};

/** Checks each call of a function against its role, and against the policy of the queue or topic that it is about. */
export class Authorizer {
  readonly #policies: Map<string, RolePolicy>;
  readonly #resources: ResourcePolicies;
  readonly #model: AccessModel;
  readonly #onDenial: (denial: Denial) => void;

  /** @throws EngineError `property_unsupported` for what the engine can't decide */
  constructor(model: AccessModel, onDenial: (denial: Denial) => void = () => {}) {
    this.#model = model;
    this.#onDenial = onDenial;
    // Roles of other services are not the engine's to check.
    const roles = model.roles.filter(({ arn }) => model.functions.some(({ roleArn }) => roleArn === arn));
    this.#resources = new ResourcePolicies(model.resourcePolicies ?? [], model.account);
    this.#policies = new Map(roles.map((role) => [role.arn, new RolePolicy(role)]));
  }

  /** The first of the needed rights that the caller's role does not give. */
  check(caller: Caller, permissions: readonly NeededPermission[]): Denial | undefined {
    const policy = this.#policies.get(caller.roleArn);
    for (const { action, resource, context } of permissions) {
      const values = () => this.#context(caller, context?.() ?? {});
      const own = policy?.decide(action, resource, values) ?? 'implicit';
      const decision = stronger(own, this.#resources.decide(caller, action, resource, values));
      if (decision === 'allow') continue;
      const denial = this.#denial(caller, action, resource, decision === 'explicit');
      this.#onDenial(denial);
      return denial;
    }
    return undefined;
  }

  /** What each function's role allows and no call needed so far, by the function's name: perhaps granted for nothing. */
  unusedGrants(): Record<string, readonly Grant[]> {
    return Object.fromEntries(
      this.#model.functions.map(({ name, roleArn }) => [name, this.#policies.get(roleArn)?.unused() ?? []]),
    );
  }

  /**
   * Decides by other statements from now on, as after a deploy that changed the role.
   *
   * @throws EngineError `property_unsupported` for what the engine can't decide
   */
  replaceRole(role: RoleModel): void {
    this.#policies.set(role.arn, new RolePolicy(role));
  }

  #context(caller: Caller, own: Context): Context {
    const lower = Object.entries(own).map(([key, values]) => [key.toLowerCase(), values]);
    return {
      'aws:principalarn': [caller.roleArn],
      'aws:requestedregion': [this.#model.region],
      // Calls to AWS go over TLS, so a policy that asks for it is satisfied there.
      'aws:securetransport': ['true'],
      ...Object.fromEntries(lower),
    };
  }

  #denial(caller: Caller, action: string, resource: string, explicit: boolean): Denial {
    const { functionName, roleArn, origin } = caller;
    const role = roleArn.slice(roleArn.lastIndexOf('/') + 1);
    const user = `arn:aws:sts::${this.#model.account}:assumed-role/${role}/${functionName}`;
    const reason = explicit
      ? 'with an explicit deny in an identity-based policy'
      : `because no identity-based policy allows the ${action} action`;
    return {
      functionName,
      action,
      resource,
      constructPath: origin.constructPath,
      message: `User: ${user} is not authorized to perform: ${action} on resource: ${resource} ${reason}`,
    };
  }
}

/** Within one account either policy may allow, and either may deny. */
function stronger(own: Decision, resources: Decision): Decision {
  if (own === 'explicit' || resources === 'explicit') return 'explicit';
  return own === 'allow' ? own : resources;
}

/** One line about a denial. */
export function describeDenial({ functionName, action, resource, constructPath }: Denial): string {
  return `${functionName} (${constructPath}) is denied ${action} on ${resource}; its role lacks the grant`;
}

/** What the role of a function must allow for Lambda to poll on its behalf. */
const POLLING = {
  stream: ['DescribeStream', 'GetRecords', 'GetShardIterator', 'ListStreams'].map(
    (name) => `dynamodb:${name}`,
  ),
  queue: ['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'].map((name) => `sqs:${name}`),
} as const;

/** What sends to a queue, a topic or a function, by the service in its ARN. */
const SENDING: Readonly<Record<string, string>> = {
  lambda: 'lambda:InvokeFunction',
  sns: 'sns:Publish',
  sqs: 'sqs:SendMessage',
};

/**
 * Checks what AWS checks when a function is told where its asynchronous events go in the end: that its role may send there.
 *
 * @throws EngineError `access_denied`
 */
export function checkDestinations(model: AssemblyModel, authorizer: Authorizer): void {
  for (const { name: functionName, roleArn, logicalId, constructPath, asynchronous } of model.functions) {
    const { successDestinationArn, failureDestinationArn, deadLetterArn } = asynchronous ?? {};
    const resources = [successDestinationArn, failureDestinationArn, deadLetterArn];
    const needed = resources
      .filter((arn) => arn !== undefined)
      .map((resource) => ({ action: SENDING[resource.split(':')[2] ?? ''] ?? '', resource }));
    const denial = authorizer.check({ functionName, roleArn, origin: { logicalId, constructPath } }, needed);
    if (!denial) continue;
    const reason = describeDenial(denial);
    throw new EngineError('access_denied', `unable to pass on the events of ${functionName}; ${reason}`);
  }
}

/**
 * Checks what AWS checks when it makes an event source mapping: that the function's role may read the source and send
 * to the failure destination.
 *
 * @throws EngineError `access_denied`
 */
export function checkMappings(model: AssemblyModel, authorizer: Authorizer): void {
  for (const mapping of model.eventSourceMappings) {
    const fn = model.functions.find(({ arn }) => arn === mapping.functionArn);
    if (!fn) continue;
    const { source, failureDestinationArn } = mapping;
    const resource = source.kind === 'stream' ? source.streamArn : source.queueArn;
    const needed = POLLING[source.kind].map((action) => ({ action, resource }));
    if (failureDestinationArn) needed.push({ action: 'sqs:SendMessage', resource: failureDestinationArn });
    const { name: functionName, roleArn, logicalId, constructPath } = fn;
    const origin = { logicalId, constructPath };
    const denial = authorizer.check({ functionName, roleArn, origin }, needed);
    if (!denial) continue;
    throw new EngineError(
      'access_denied',
      `unable to make the event source mapping ${mapping.logicalId} (${mapping.constructPath}); ${describeDenial(denial)}`,
    );
  }
}
