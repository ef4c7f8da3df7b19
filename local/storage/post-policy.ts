/**
 * What a form's policy allows: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
 */
import { StorageError } from './errors.ts';

type Condition =
  | {
      readonly kind: 'eq' | 'starts-with';
      readonly field: string;
      readonly value: string;
      readonly source: string;
    }
  | { readonly kind: 'content-length-range'; readonly least: number; readonly most: number };

export interface PostPolicy {
  /** Milliseconds since the epoch. */
  readonly expiration: number;
  readonly conditions: readonly Condition[];
}

/** Fields that need no condition. */
const FREE = new Set(['x-amz-signature', 'file', 'policy']);
/** A list of content types, each of which must satisfy its condition. */
const LISTED = 'content-type';

/** @throws StorageError `InvalidPolicyDocument` */
export function parsePolicy(base64: string): PostPolicy {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(base64, 'base64').toString('utf8'));
  } catch {
    throw invalid('Invalid JSON.');
  }
  const { expiration, conditions } = Object(value) as Record<string, unknown>;
  const ends = typeof expiration === 'string' ? Date.parse(expiration) : Number.NaN;
  if (Number.isNaN(ends)) throw invalid(`Invalid 'expiration' value: '${String(expiration)}'`);
  if (!Array.isArray(conditions)) throw invalid('Policy missing conditions.');
  return { expiration: ends, conditions: conditions.flatMap(parseCondition) };
}

function parseCondition(value: unknown): Condition[] {
  const source = JSON.stringify(value);
  if (!Array.isArray(value)) {
    if (typeof value !== 'object' || value === null) throw invalid(`Invalid condition ${source}.`);
    return Object.entries(value).map(([field, wanted]) => ({
      kind: 'eq',
      field: field.toLowerCase(),
      value: String(wanted),
      source: JSON.stringify(['eq', `$${field}`, wanted]),
    }));
  }
  const [operator, first, second] = value;
  const kind = String(operator).toLowerCase();
  if (kind === 'content-length-range') {
    const [least, most] = [Number(first), Number(second)];
    if (!Number.isInteger(least) || !Number.isInteger(most)) throw invalid(`Invalid condition ${source}.`);
    return [{ kind, least, most }];
  }
  if ((kind !== 'eq' && kind !== 'starts-with') || typeof first !== 'string' || !first.startsWith('$')) {
    throw invalid(`Invalid condition ${source}.`);
  }
  return [{ kind, field: first.slice(1).toLowerCase(), value: String(second), source }];
}

/**
 * Checks the fields of a form, but for the file's size.
 *
 * @param fields by lower-case name, `bucket` among them
 * @throws StorageError `AccessDenied`
 */
export function checkFields(policy: PostPolicy, fields: ReadonlyMap<string, string>, now: number): void {
  if (now > policy.expiration) throw denied('Policy expired.');
  for (const condition of policy.conditions) {
    if (condition.kind === 'content-length-range') continue;
    const { kind, field, value, source } = condition;
    const given = fields.get(field) ?? '';
    const values = field === LISTED && kind === 'starts-with' ? given.split(',') : [given];
    const holds = values.every((one) => (kind === 'eq' ? one === value : one.startsWith(value)));
    if (!holds || (!fields.has(field) && value !== '')) throw denied(`Policy Condition failed: ${source}`);
  }
  const covered = new Set(
    policy.conditions.map((one) => (one.kind === 'content-length-range' ? '' : one.field)),
  );
  const extra = [...fields.keys()].filter(
    (name) => !covered.has(name) && !FREE.has(name) && !name.startsWith('x-ignore-') && name !== 'bucket',
  );
  if (extra.length > 0) throw denied(`Extra input fields: ${extra.join(', ')}`);
}

/** The narrowest of the policy's ranges, bytes. */
export function sizeRange({ conditions }: PostPolicy): { readonly least: number; readonly most: number } {
  const ranges = conditions.filter((one) => one.kind === 'content-length-range');
  return {
    least: Math.max(0, ...ranges.map(({ least }) => least)),
    most: Math.min(Number.POSITIVE_INFINITY, ...ranges.map(({ most }) => most)),
  };
}

function invalid(reason: string): StorageError {
  return new StorageError('InvalidPolicyDocument', { message: `Invalid Policy: ${reason}` });
}

function denied(reason: string): StorageError {
  return new StorageError('AccessDenied', { message: `Invalid according to Policy: ${reason}` });
}
