/** Fault plans: what shall go wrong, how often, and to whom. */

/** What all faults have in common. */
interface Chance {
  /** 0 to 1, of each occasion that matches. */
  readonly probability: number;
  /** It happens so many times at most. */
  readonly count?: number;
}

/** Whom it befalls; each is a part of the name, in any case of letters. */
interface Match {
  readonly match?: { readonly function?: string; readonly operation?: string };
}

export type Fault = Chance &
  Match &
  (
    | { readonly kind: 'crash'; readonly when: (typeof CRASH_TIMES)[number] }
    | { readonly kind: 'kill-environment'; readonly milliseconds: number }
    | { readonly kind: 'slow'; readonly milliseconds: number }
    | { readonly kind: 'error'; readonly error: (typeof ERRORS)[number]; readonly lost?: boolean }
    | { readonly kind: 'reset'; readonly lost?: boolean }
    | { readonly kind: 'conflict' }
    | {
        readonly kind: 'storage';
        readonly answer?: (typeof STORAGE_ANSWERS)[number];
        readonly lost?: boolean;
        readonly milliseconds?: number;
      }
    | { readonly kind: 'post'; readonly answer: (typeof POST_ANSWERS)[number] }
    | { readonly kind: 'batch'; readonly how: (typeof BATCH_FATES)[number] }
    | { readonly kind: 'lose-disconnect' }
    | { readonly kind: 'kill-database' }
    | { readonly kind: 'clock'; readonly milliseconds: number }
  );

export interface FaultPlan {
  /** The same seed draws the same lots for each fault, in the order of its occasions. */
  readonly seed: number;
  readonly faults: readonly Fault[];
}

/** A function's environment dies before its handler runs, at one of its calls, or with its answer unsaid. */
const CRASH_TIMES = ['before', 'between', 'after'] as const;
/** Errors of DynamoDB that a client is to send again for. */
const ERRORS = [
  'InternalServerError',
  'ThrottlingException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
] as const;
/** Of S3: to be sent again later, an error of the service, a connection that is cut. */
const STORAGE_ANSWERS = ['slow-down', 'failure', 'reset'] as const;
/** Of `@connections`; `lost` is a 500 although the message was sent. A connection that is gone is closed. */
const POST_ANSWERS = ['gone', 'throttled', 'failure', 'lost', 'hang'] as const;
const BATCH_FATES = ['repeat', 'split'] as const;
/** A call or a function can't be held up for longer than Lambda lets a function run, milliseconds. */
const MOST_MILLISECONDS = 900_000;

type Rule = (value: unknown) => string | undefined;

const oneOf =
  (values: readonly string[]): Rule =>
  (value) =>
    values.some((known) => known === value) ? undefined : `must be one of ${values.join(', ')}`;
const number =
  (least: number, most: number, whole = true): Rule =>
  (value) =>
    typeof value === 'number' && value >= least && value <= most && (!whole || Number.isInteger(value))
      ? undefined
      : `must be a ${whole ? 'whole ' : ''}number from ${least} to ${most}`;
const boolean: Rule = (value) => (typeof value === 'boolean' ? undefined : 'must be true or false');
const text: Rule = (value) => (typeof value === 'string' && value !== '' ? undefined : 'must be a text');

/** The fields of each kind beside the common ones; those that must be there, and those that may. */
const KINDS: Readonly<
  Record<
    Fault['kind'],
    { must?: Record<string, Rule>; may?: Record<string, Rule>; match?: readonly string[] }
  >
> = {
  crash: { must: { when: oneOf(CRASH_TIMES) }, match: ['function', 'operation'] },
  'kill-environment': { must: { milliseconds: number(0, MOST_MILLISECONDS) }, match: ['function'] },
  slow: { must: { milliseconds: number(1, MOST_MILLISECONDS) }, match: ['function', 'operation'] },
  error: { must: { error: oneOf(ERRORS) }, may: { lost: boolean }, match: ['function', 'operation'] },
  reset: { may: { lost: boolean }, match: ['function', 'operation'] },
  conflict: { match: ['function', 'operation'] },
  storage: {
    may: { answer: oneOf(STORAGE_ANSWERS), lost: boolean, milliseconds: number(1, MOST_MILLISECONDS) },
    match: ['function', 'operation'],
  },
  post: { must: { answer: oneOf(POST_ANSWERS) } },
  batch: { must: { how: oneOf(BATCH_FATES) }, match: ['function'] },
  'lose-disconnect': {},
  'kill-database': {},
  clock: { must: { milliseconds: number(-MOST_MILLISECONDS, MOST_MILLISECONDS) }, match: ['function'] },
};

/** The plan can't be read: its text names the place and the rule. */
export class FaultPlanError extends Error {
  override readonly name = 'FaultPlanError';
  readonly reason: string;

  constructor(reason: string) {
    super(`unable to read the fault plan; ${reason}`);
    this.reason = reason;
  }
}

/**
 * Reads a plan strictly: a field that is not known is refused, as it would be a fault that never happens.
 *
 * @param json `{"seed": 7, "faults": [{"kind": "crash", "when": "between", "probability": 0.01}]}`; the kinds are in docs/faults.md.
 * @throws {FaultPlanError} naming the first place that breaks a rule, and the rule.
 */
export function parseFaultPlan(json: string): FaultPlan {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new FaultPlanError('it is not JSON');
  }
  const plan = fields(value, 'the plan', ['seed', 'faults'], []);
  check(plan.seed, 'seed', number(0, 2 ** 32 - 1));
  if (!Array.isArray(plan.faults)) throw new FaultPlanError('faults must be a list');
  for (const [index, fault] of plan.faults.entries()) checkFault(fault, `faults[${index}]`);
  // Every field was checked above.
  return value as FaultPlan;
}

function checkFault(value: unknown, path: string): void {
  const { kind } = fields(value, path, ['kind'], undefined);
  check(kind, `${path}.kind`, oneOf(Object.keys(KINDS)));
  const { must = {}, may = {}, match } = KINDS[kind as Fault['kind']];
  const needed = ['kind', 'probability', ...Object.keys(must)];
  const fault = fields(value, path, needed, ['count', ...Object.keys(may), ...(match ? ['match'] : [])]);
  const rules = { probability: number(0, 1, false), count: number(1, 1_000_000), ...must, ...may };
  for (const [name, rule] of Object.entries(rules)) {
    if (fault[name] !== undefined) check(fault[name], `${path}.${name}`, rule);
  }
  if (match && fault.match !== undefined) {
    const wanted = fields(fault.match, `${path}.match`, [], match);
    for (const [name, part] of Object.entries(wanted)) check(part, `${path}.match.${name}`, text);
  }
}

function check(value: unknown, path: string, rule: Rule): void {
  const broken = rule(value);
  if (broken) throw new FaultPlanError(`${path} ${broken}`);
}

/** @param may undefined: any other field, as it is looked at later. */
function fields(value: unknown, path: string, must: readonly string[], may: readonly string[] | undefined) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FaultPlanError(`${path} must be an object`);
  }
  for (const name of must) {
    if (!Object.hasOwn(value, name)) throw new FaultPlanError(`${path} needs ${name}`);
  }
  const unknown = may && Object.keys(value).find((name) => !must.includes(name) && !may.includes(name));
  if (unknown !== undefined) throw new FaultPlanError(`${path} has an unknown field ${unknown}`);
  return value as Readonly<Record<string, unknown>>;
}
