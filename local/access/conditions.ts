import { like, likeArn } from './patterns.ts';

/** Values of the condition keys of one call, by lower-case name. A key that is not there has no value. */
export type Context = Readonly<Record<string, readonly string[]>>;
export type Condition = (context: Context) => boolean;

/** Whether a value from the context satisfies one of the policy. */
type Comparison = (wanted: string) => (value: string) => boolean;

const numeric =
  (compare: (value: number, bound: number) => boolean): Comparison =>
  (wanted) =>
  (value) =>
    compare(Number(value), Number(wanted));

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html */
const OPERATORS: Readonly<Record<string, { readonly compare: Comparison; readonly negated?: true }>> = {
  ArnEquals: { compare: likeArn },
  ArnLike: { compare: likeArn },
  ArnNotEquals: { compare: likeArn, negated: true },
  ArnNotLike: { compare: likeArn, negated: true },
  Bool: { compare: (wanted) => (value) => value.toLowerCase() === wanted.toLowerCase() },
  NumericEquals: { compare: numeric((value, bound) => value === bound) },
  NumericGreaterThan: { compare: numeric((value, bound) => value > bound) },
  NumericGreaterThanEquals: { compare: numeric((value, bound) => value >= bound) },
  NumericLessThan: { compare: numeric((value, bound) => value < bound) },
  NumericLessThanEquals: { compare: numeric((value, bound) => value <= bound) },
  StringEquals: { compare: (wanted) => (value) => value === wanted },
  StringEqualsIgnoreCase: { compare: (wanted) => (value) => value.toLowerCase() === wanted.toLowerCase() },
  StringLike: { compare: like },
  StringNotEquals: { compare: (wanted) => (value) => value === wanted, negated: true },
  StringNotLike: { compare: like, negated: true },
};

/** Condition keys whose values the engine knows, in lower case. */
const KEYS = new Set([
  'aws:principalarn',
  'aws:requestedregion',
  'aws:securetransport',
  'aws:sourceaccount',
  'aws:sourcearn',
  'dynamodb:leadingkeys',
  's3:delimiter',
  's3:max-keys',
  's3:prefix',
]);

/** A condition that the engine can't decide; the text says which part. */
export class ConditionError extends Error {
  constructor(reason: string) {
    super(`unable to read a condition; ${reason}`);
    this.name = 'ConditionError';
  }
}

/**
 * Compiles the `Condition` of a statement: all operators and all keys must hold, of several values one.
 *
 * @returns undefined where there is none
 * @throws ConditionError
 */
export function compileConditions(
  conditions: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>,
): Condition | undefined {
  const tests = Object.entries(conditions).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, values]) =>
      compileOne(operator, key, typeof values === 'string' ? [values] : values),
    ),
  );
  return tests.length === 0 ? undefined : (context) => tests.every((holds) => holds(context));
}

const SETS = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/;

function compileOne(operator: string, key: string, values: readonly string[]): Condition {
  const name = key.toLowerCase();
  if (!KEYS.has(name)) throw new ConditionError(`the engine knows no values of ${key}`);
  const [, set, base = '', ifExists] = SETS.exec(operator) ?? [];
  if (base === 'Null') {
    const wanted = values.includes('true');
    return (context) => ((context[name] ?? []).length === 0) === wanted;
  }
  const found = Object.hasOwn(OPERATORS, base) ? OPERATORS[base] : undefined;
  if (!found) throw new ConditionError(`the engine does not know the operator ${operator}`);
  const comparisons = values.map(found.compare);
  const equal = (value: string) => comparisons.some((matches) => matches(value));
  const holds = found.negated ? (value: string) => !equal(value) : equal;
  return (context) => {
    const own = context[name] ?? [];
    // Without a value: every one of none holds; a negation holds; all else does not.
    if (own.length === 0) {
      return (
        set === 'ForAllValues' || ifExists !== undefined || (found.negated === true && set === undefined)
      );
    }
    return set === 'ForAnyValue' ? own.some(holds) : own.every(holds);
  };
}
