/**
 * Event patterns of event source mappings.
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html#filtering-syntax
 */

export type Matcher = (value: unknown) => boolean;
/** Makes a matcher of what stands behind a rule's name, within the rules that there are. */
export type Rule = (argument: unknown, where: string, rules: Rules) => Matcher;
export type Rules = Readonly<Record<string, Rule>>;
type Comparison = (value: number, bound: number) => boolean;

/** A pattern that can't be read, with the path to what is wrong with it. */
export class PatternError extends Error {
  constructor(where: string, reason: string) {
    super(`unable to read an event pattern; ${where || 'the pattern'} ${reason}`);
    this.name = 'PatternError';
  }
}

/**
 * @param patterns - any of which lets an event through; none at all lets every event through
 * @param more - rules beside those of event source mappings
 * @throws PatternError
 */
export function compileFilters(patterns: readonly unknown[], more: Rules = {}): Matcher {
  if (patterns.length === 0) return () => true;
  const rules = { ...RULES, ...more };
  const matchers = patterns.map((pattern) => compileObject(pattern, '', rules));
  return (event) => matchers.some((matches) => matches(event));
}

function compileObject(pattern: unknown, where: string, rules: Rules): Matcher {
  if (!isRecord(pattern)) throw new PatternError(where, 'must be an object');
  const tests = Object.entries(pattern).map(([name, inner]): Matcher => {
    const path = where ? `${where}.${name}` : name;
    if (name === '$or') {
      if (!Array.isArray(inner)) throw new PatternError(path, 'must be a list of patterns');
      const options = inner.map((option) => compileObject(option, path, rules));
      return (event) => options.some((matches) => matches(event));
    }
    const matches = Array.isArray(inner)
      ? compileLeaf(inner, path, rules)
      : compileObject(inner, path, rules);
    return (event) => matches(isRecord(event) ? event[name] : undefined);
  });
  return (event) => tests.every((matches) => matches(event));
}

/** A list: one of its rules must hold. A list in the event matches with one of its items. */
function compileLeaf(wanted: readonly unknown[], where: string, rules: Rules): Matcher {
  const matchers = wanted.map((rule) => compileRule(rule, where, rules));
  const any: Matcher = (value) => matchers.some((matches) => matches(value));
  return (value) => (Array.isArray(value) && value.length > 0 ? value.some(any) : any(value));
}

function compileRule(rule: unknown, where: string, rules: Rules): Matcher {
  if (!isRecord(rule)) return (value) => value === rule;
  const [entry, ...rest] = Object.entries(rule);
  const compile = entry && Object.hasOwn(rules, entry[0]) ? rules[entry[0]] : undefined;
  if (!entry || rest.length > 0 || !compile) {
    throw new PatternError(where, `has a rule that is not known: ${JSON.stringify(rule)}`);
  }
  return compile(entry[1], where, rules);
}

const RULES: Rules = {
  exists: (argument) => {
    // Leaves only: an object in its place counts as absent.
    const present: Matcher = (value) => value !== undefined && !isRecord(value);
    return argument === true ? present : (value) => !present(value);
  },
  prefix: (argument) => (value) => typeof value === 'string' && value.startsWith(String(argument)),
  suffix: (argument) => (value) => typeof value === 'string' && value.endsWith(String(argument)),
  'equals-ignore-case': (argument) => {
    const wanted = String(argument).toLowerCase();
    return (value) => typeof value === 'string' && value.toLowerCase() === wanted;
  },
  'anything-but': (argument, where, rules) => {
    const excluded = isRecord(argument)
      ? compileRule(argument, where, rules)
      : compileLeaf(Array.isArray(argument) ? argument : [argument], where, rules);
    return (value) => value !== undefined && !isRecord(value) && !excluded(value);
  },
  numeric: (argument, where) => {
    if (!Array.isArray(argument) || argument.length === 0 || argument.length % 2 !== 0) {
      throw new PatternError(where, 'has a numeric rule that is no list of operators and numbers');
    }
    const tests: ((value: number) => boolean)[] = [];
    for (let index = 0; index < argument.length; index += 2) {
      const compare = COMPARISONS[String(argument[index])];
      const bound = argument[index + 1];
      if (!compare || typeof bound !== 'number')
        throw new PatternError(where, 'has a numeric rule without sense');
      tests.push((value) => compare(value, bound));
    }
    return (value) => typeof value === 'number' && tests.every((holds) => holds(value));
  },
};

const COMPARISONS: Readonly<Record<string, Comparison>> = {
  '=': (value, bound) => value === bound,
  '<': (value, bound) => value < bound,
  '<=': (value, bound) => value <= bound,
  '>': (value, bound) => value > bound,
  '>=': (value, bound) => value >= bound,
};

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
