/**
 * Attributes of custom resources: what their functions answer, known only after these ran. Until then a mark stands in a text's
 * place, in the few places that can wait for it.
 */
import { EngineError } from '../errors.ts';
import type { AssemblyModel } from './model.ts';

/** What each custom resource answered, by logical id. */
export type CustomData = ReadonlyMap<string, Readonly<Record<string, unknown>>>;

/** No template holds this character: JSON escapes it, and AWS takes it in no property. */
const EDGE = '\u0001';
const MARK = new RegExp(`${EDGE}([^.${EDGE}]+)\\.([^${EDGE}]+)${EDGE}`, 'g');

export function markOf(logicalId: string, attribute: string): string {
  return `${EDGE}${logicalId}.${attribute}${EDGE}`;
}

export function hasMark(text: string): boolean {
  return text.includes(EDGE);
}

/**
 * Puts the values in the place of the marks, however deep.
 *
 * @throws EngineError `custom_resource_failed` where a function did not answer an attribute
 */
export function fillIn(value: unknown, data: CustomData): unknown {
  if (typeof value === 'string') return hasMark(value) ? filled(value, data) : value;
  if (Array.isArray(value)) return value.map((item) => fillIn(item, data));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fillIn(item, data)]));
}

/** As `fillIn`, for names and their texts. */
export function fillInTexts(
  texts: Readonly<Record<string, string>>,
  data: CustomData,
): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, filled(text, data)]));
}

function filled(text: string, data: CustomData): string {
  return text.replace(MARK, (_, logicalId: string, attribute: string) => {
    const value = data.get(logicalId)?.[attribute];
    if (value !== undefined) return typeof value === 'object' ? JSON.stringify(value) : String(value);
    throw new EngineError(
      'custom_resource_failed',
      `unable to resolve Fn::GetAtt ${logicalId}.${attribute}; the custom resource did not answer it`,
    );
  });
}

/**
 * Refuses a stack in which something must be known before the custom resources ran: all but variables of functions, properties of
 * custom resources, and outputs.
 *
 * @throws EngineError `intrinsic_unresolvable`
 */
export function checkMarks(model: AssemblyModel): void {
  const early = {
    ...model,
    functions: model.functions.map((fn) => ({ ...fn, environment: {} })),
    customResources: [],
    outputs: {},
  };
  for (const [part, value] of Object.entries(early)) {
    const [found] = marksIn(value);
    if (found === undefined) continue;
    throw new EngineError(
      'intrinsic_unresolvable',
      `unable to resolve Fn::GetAtt ${found} among the ${part}; the attributes of a custom resource are known only after ` +
        'it ran: variables of functions, other custom resources and outputs can wait for them',
    );
  }
}

function marksIn(value: unknown): string[] {
  if (typeof value === 'string') return [...value.matchAll(MARK)].map(([, id, name]) => `${id}.${name}`);
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(marksIn);
}
