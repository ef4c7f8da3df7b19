import type { PolicyStatement, RoleModel } from '../assembly/model.ts';
import { EngineError } from '../errors.ts';
import { type Condition, ConditionError, type Context, compileConditions } from './conditions.ts';
import { MANAGED_POLICIES } from './managed-policies.ts';
import { likeAction, likeArn } from './patterns.ts';

/** `implicit`: nothing allows it. `explicit`: something denies it, whatever allows it. */
export type Decision = 'allow' | 'implicit' | 'explicit';

/** One action that one statement of a role allows. */
export interface Grant {
  readonly action: string;
  readonly resources: readonly string[];
}

export interface Statement {
  readonly source: PolicyStatement;
  readonly allows: boolean;
  readonly covers: (action: string, resource: string) => boolean;
  readonly condition: Condition | undefined;
  /** Actions of calls that it let pass. */
  readonly used: Set<string>;
}

/** Statements that speak of an action on a resource. Most have no condition: then the answer never changes. */
interface Relevant {
  readonly statements: readonly Statement[];
  readonly fixed: Decision | undefined;
}

/** Beyond so many different resources the answers are forgotten and found again. */
const REMEMBERED = 5_000;

/**
 * What a role may do, decided as IAM does: an explicit deny wins, then an allow, else no.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export class RolePolicy {
  readonly #statements: readonly Statement[];
  readonly #relevant = new Map<string, Relevant>();

  /** @throws EngineError `property_unsupported` for a managed policy or a condition that the engine does not know */
  constructor(role: RoleModel) {
    const managed = role.managedPolicies.flatMap((arn) => {
      const statements = MANAGED_POLICIES[arn];
      if (!statements) throw unreadable(role, `the engine does not know the managed policy ${arn}`);
      return statements;
    });
    this.#statements = [...role.statements, ...managed].map((statement) => {
      try {
        return compileStatement(statement);
      } catch (error) {
        if (error instanceof ConditionError) throw unreadable(role, error.message);
        throw error;
      }
    });
  }

  /** @param context - asked for only where a condition decides */
  decide(action: string, resource: string, context: () => Context): Decision {
    const key = `${action} ${resource}`;
    let relevant = this.#relevant.get(key);
    if (!relevant) {
      const statements = this.#statements.filter((statement) => statement.covers(action, resource));
      const isFixed = statements.every(({ condition }) => condition === undefined);
      relevant = { statements, fixed: isFixed ? verdict(statements) : undefined };
      if (this.#relevant.size >= REMEMBERED) this.#relevant.clear();
      this.#relevant.set(key, relevant);
    }
    if (relevant.fixed !== undefined) return note(relevant.fixed, action, relevant.statements);
    const values = context();
    const holding = relevant.statements.filter(({ condition }) => condition?.(values) ?? true);
    return note(verdict(holding), action, holding);
  }

  /** Actions of its statements that let no call pass so far, those of managed policies among them. */
  unused(): Grant[] {
    return this.#statements.flatMap(({ source, allows, used }) => {
      const actions = allows ? source.actions : [];
      return actions
        .filter((pattern) => ![...used].some(likeAction(pattern)))
        .map((action) => ({ action, resources: source.resources }));
    });
  }
}

function note(decision: Decision, action: string, statements: readonly Statement[]): Decision {
  if (decision === 'allow') for (const { used } of statements) used.add(action);
  return decision;
}

export function verdict(statements: readonly Statement[]): Decision {
  if (statements.some(({ allows }) => !allows)) return 'explicit';
  return statements.length > 0 ? 'allow' : 'implicit';
}

/** @throws ConditionError */
export function compileStatement(statement: PolicyStatement): Statement {
  const anyOf = (patterns: readonly string[], matcher: (pattern: string) => (text: string) => boolean) => {
    const tests = patterns.map(matcher);
    return (text: string) => tests.some((matches) => matches(text));
  };
  const { actions, notActions, resources, notResources } = statement;
  const isListed = { action: anyOf(actions, likeAction), resource: anyOf(resources, likeArn) };
  const isExcluded = { action: anyOf(notActions, likeAction), resource: anyOf(notResources, likeArn) };
  return {
    source: statement,
    used: new Set(),
    allows: statement.effect === 'Allow',
    covers: (action, resource) =>
      (notActions.length > 0 ? !isExcluded.action(action) : isListed.action(action)) &&
      (notResources.length > 0 ? !isExcluded.resource(resource) : isListed.resource(resource)),
    condition: compileConditions(statement.conditions),
  };
}

function unreadable(role: RoleModel, reason: string): EngineError {
  const where = `AWS::IAM::Role ${role.logicalId} (${role.constructPath})`;
  return new EngineError('property_unsupported', `unable to check ${where}; ${reason}`);
}
