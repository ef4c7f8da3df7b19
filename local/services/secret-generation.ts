import { randomInt } from 'node:crypto';
import { EngineError } from '../errors.ts';

const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const UPPER = LOWER.toUpperCase();
const DIGITS = '0123456789';
const PUNCTUATION = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';
/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html */
const DEFAULT_LENGTH = 32;

/**
 * Makes the text of a secret as `GenerateSecretString` of CloudFormation says: a password, or a JSON template with the
 * password under a key.
 *
 * @throws EngineError `property_unsupported` where nothing is left to choose from, or the template is no JSON object
 */
export function generateSecret(options: Readonly<Record<string, unknown>>): string {
  const password = generatePassword(options);
  const { SecretStringTemplate: template, GenerateStringKey: key } = options;
  if (template === undefined || key === undefined) return password;
  let base: unknown;
  try {
    base = JSON.parse(String(template));
  } catch {
    base = undefined;
  }
  if (typeof base !== 'object' || base === null) {
    throw new EngineError(
      'property_unsupported',
      'unable to generate a secret; SecretStringTemplate is no JSON object',
    );
  }
  return JSON.stringify({ ...base, [String(key)]: password });
}

function generatePassword(options: Readonly<Record<string, unknown>>): string {
  const on = (name: string) => options[name] === true || options[name] === 'true';
  const excluded = new Set(String(options.ExcludeCharacters ?? ''));
  const sets = [
    on('ExcludeLowercase') ? '' : LOWER,
    on('ExcludeUppercase') ? '' : UPPER,
    on('ExcludeNumbers') ? '' : DIGITS,
    on('ExcludePunctuation') ? '' : PUNCTUATION,
    on('IncludeSpace') ? ' ' : '',
  ]
    .map((set) => [...set].filter((character) => !excluded.has(character)))
    .filter((set) => set.length > 0);
  const all = sets.flat();
  if (all.length === 0) {
    throw new EngineError('property_unsupported', 'unable to generate a secret; every character is excluded');
  }
  const length = Number(options.PasswordLength ?? DEFAULT_LENGTH);
  const one = (from: readonly string[]) => from[randomInt(from.length)] ?? '';
  const required =
    options.RequireEachIncludedType === false || options.RequireEachIncludedType === 'false' ? [] : sets;
  const characters = Array.from({ length }, (_, index) => one(required[index] ?? all));
  return shuffle(characters).join('');
}

function shuffle(items: readonly string[]): string[] {
  const result = [...items];
  for (let index = result.length - 1; index > 0; index -= 1) {
    const other = randomInt(index + 1);
    [result[index], result[other]] = [result[other] ?? '', result[index] ?? ''];
  }
  return result;
}
