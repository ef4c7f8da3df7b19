import type { ResourcePolicyModel } from '../assembly/model.ts';
import { EngineError } from '../errors.ts';
import { ConditionError, type Context } from './conditions.ts';
import { compileStatement, type Decision, type Statement, verdict } from './policy.ts';

/** Who calls: a role of the stack, or a service of AWS by its name, such as `sns.amazonaws.com`. */
export type Principal = { readonly roleArn: string } | { readonly service: string };

/** What the policies of a stack's queues, topics and buckets say of a caller. */
export class ResourcePolicies {
  readonly #account: string;
  readonly #statements = new Map<
    string,
    { readonly principals: readonly string[]; readonly statement: Statement }[]
  >();

  /** @throws EngineError `property_unsupported` for a condition that the engine does not know */
  constructor(policies: readonly ResourcePolicyModel[], account: string) {
    this.#account = account;
    for (const policy of policies) {
      const compiled = policy.statements.map((source) => {
        try {
          return { principals: source.principals, statement: compileStatement(source) };
        } catch (error) {
          if (!(error instanceof ConditionError)) throw error;
          const where = `the policy ${policy.logicalId} (${policy.constructPath})`;
          throw new EngineError('property_unsupported', `unable to check ${where}; ${error.message}`);
        }
      });
      for (const arn of policy.resources) {
        this.#statements.set(arn, [...(this.#statements.get(arn) ?? []), ...compiled]);
      }
    }
  }

  decide(principal: Principal, action: string, resource: string, context: () => Context): Decision {
    // An object's policy is its bucket's.
    const own = this.#statements.get(resource) ?? this.#statements.get(resource.split('/', 1)[0] ?? '');
    if (!own) return 'implicit';
    const speaking = own.filter(
      ({ principals, statement }) =>
        statement.covers(action, resource) &&
        principals.some((name) => this.#means(name, principal, statement)),
    );
    const values = speaking.some(({ statement }) => statement.condition) ? context() : {};
    return verdict(
      speaking.map(({ statement }) => statement).filter(({ condition }) => condition?.(values) ?? true),
    );
  }

  /** The account as a principal lets its roles grant for themselves, so that it allows nothing here; it can deny. */
  #means(name: string, principal: Principal, { allows }: Statement): boolean {
    if (name === '*') return true;
    if ('service' in principal) return name === principal.service;
    if (name === principal.roleArn) return true;
    return !allows && (name === this.#account || name === `arn:aws:iam::${this.#account}:root`);
  }
}
