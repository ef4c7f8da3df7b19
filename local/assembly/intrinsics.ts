import { EngineError } from '../errors.ts';
import { isObject, type Json, type JsonObject, objectOf, type StackArtifact } from './cloud-assembly.ts';
import { hasMark } from './custom-values.ts';

/** What the names in a template stand for on this machine. */
export interface Scope {
  readonly stack: StackArtifact;
  /** `AWS::Region` and the like. */
  readonly pseudo: Readonly<Record<string, Json>>;
  /** Values for the template's parameters; a missing one takes its default. */
  readonly parameters: Readonly<Record<string, string>>;
  /** What `Ref` of a resource gives. */
  ref(logicalId: string): string;
  /** What `Fn::GetAtt` of a resource gives. */
  attribute(logicalId: string, name: string): Json;
}

/** `AWS::NoValue`: the property is as if it were not there. */
const NO_VALUE = Symbol('AWS::NoValue');
type Resolved = Json | typeof NO_VALUE;

type Resolver = (argument: Json, scope: Scope) => Resolved;

/** Resolves every intrinsic function in a value. Properties that come out as `AWS::NoValue` are left out. */
export function resolve(value: Json | undefined, scope: Scope): Json {
  const resolved = evaluate(value ?? null, scope);
  return resolved === NO_VALUE ? null : resolved;
}

/** Whether the condition of this name holds. */
export function conditionHolds(name: string, scope: Scope): boolean {
  const condition = scope.stack.conditions[name];
  if (condition === undefined) throw unresolvable(`Condition ${name}`, 'the template has no such condition');
  return truth(condition, scope);
}

function evaluate(value: Json, scope: Scope): Resolved {
  if (Array.isArray(value)) {
    return value.map((item) => evaluate(item, scope)).filter((item) => item !== NO_VALUE);
  }
  if (!isObject(value)) return value;
  const [entry, ...rest] = Object.entries(value);
  if (entry && rest.length === 0) {
    const [name, argument] = entry;
    const resolver = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
    if (resolver) return resolver(argument, scope);
    if (name.startsWith('Fn::')) throw unresolvable(name, 'the engine does not know this function');
  }
  const result: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    const resolved = evaluate(item, scope);
    if (resolved !== NO_VALUE) result[key] = resolved;
  }
  return result;
}

function reference(name: string, scope: Scope): Resolved {
  if (name === 'AWS::NoValue') return NO_VALUE;
  if (Object.hasOwn(scope.pseudo, name)) return scope.pseudo[name] ?? null;
  if (Object.hasOwn(scope.stack.parameters, name)) {
    const parameter = objectOf(scope.stack.parameters[name]);
    const value = scope.parameters[name] ?? parameter.Default;
    if (value === undefined) throw unresolvable(`Ref ${name}`, 'the parameter has neither value nor default');
    const isList = String(parameter.Type).includes('List');
    return isList && typeof value === 'string' ? value.split(',').map((item) => item.trim()) : value;
  }
  if (scope.stack.resources.has(name)) return scope.ref(name);
  throw unresolvable(`Ref ${name}`, 'the template has no such parameter or resource');
}

function attributeOf(target: string, name: string, scope: Scope): Json {
  if (!scope.stack.resources.has(target)) {
    throw unresolvable(`Fn::GetAtt ${target}.${name}`, 'the template has no such resource');
  }
  return scope.attribute(target, name);
}

function text(value: Json | undefined, scope: Scope, where: string): string {
  const resolved = evaluate(value ?? null, scope);
  if (typeof resolved === 'string') return resolved;
  if (typeof resolved === 'number' || typeof resolved === 'boolean') return String(resolved);
  throw unresolvable(where, 'a string was expected');
}

function list(value: Json | undefined, scope: Scope, where: string): Json[] {
  const resolved = evaluate(value ?? null, scope);
  if (Array.isArray(resolved)) return resolved;
  throw unresolvable(where, 'a list was expected');
}

function argumentsOf(value: Json, where: string): Json[] {
  if (Array.isArray(value)) return value;
  throw unresolvable(where, 'a list of arguments was expected');
}

function truth(condition: Json, scope: Scope): boolean {
  const resolved = evaluate(condition, scope);
  return resolved === true || resolved === 'true';
}

function substitute(argument: Json, scope: Scope): string {
  const [template, variables] = Array.isArray(argument) ? argument : [argument, {}];
  const own = objectOf(variables);
  return String(template).replace(/\$\{(!?)([^}]+)\}/g, (_, escaped: string, name: string) => {
    if (escaped) return `\${${name}}`;
    const key = name.trim();
    if (Object.hasOwn(own, key)) return text(own[key], scope, `Fn::Sub ${key}`);
    const dot = key.indexOf('.');
    if (dot > 0 && !key.startsWith('AWS::')) {
      return String(attributeOf(key.slice(0, dot), key.slice(dot + 1), scope));
    }
    return text({ Ref: key }, scope, `Fn::Sub ${key}`);
  });
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html */
const FUNCTIONS: Readonly<Record<string, Resolver>> = {
  Ref: (argument, scope) => reference(String(argument), scope),
  Condition: (argument, scope) => conditionHolds(String(argument), scope),
  'Fn::GetAtt': (argument, scope) => {
    const dotted = typeof argument === 'string' ? argument : '';
    const [target, ...name] = dotted ? dotted.split('.') : argumentsOf(argument, 'Fn::GetAtt');
    const attribute = name.map((part) => text(part, scope, 'Fn::GetAtt')).join('.');
    return attributeOf(String(target), attribute, scope);
  },
  'Fn::Sub': substitute,
  'Fn::Join': (argument, scope) => {
    const [delimiter, parts] = argumentsOf(argument, 'Fn::Join');
    return list(parts, scope, 'Fn::Join')
      .map((part) => text(part, scope, 'Fn::Join'))
      .join(String(delimiter));
  },
  'Fn::Select': (argument, scope) => {
    const [index, items] = argumentsOf(argument, 'Fn::Select');
    const item = list(items, scope, 'Fn::Select')[Number(evaluate(index ?? null, scope))];
    if (item === undefined) throw unresolvable('Fn::Select', `there is no item ${String(index)}`);
    return item;
  },
  'Fn::Split': (argument, scope) => {
    const [delimiter, source] = argumentsOf(argument, 'Fn::Split');
    return known(text(source, scope, 'Fn::Split'), 'Fn::Split').split(String(delimiter));
  },
  'Fn::If': (argument, scope) => {
    const [name, yes, no] = argumentsOf(argument, 'Fn::If');
    return evaluate((conditionHolds(String(name), scope) ? yes : no) ?? null, scope);
  },
  'Fn::Equals': (argument, scope) => {
    const [left, right] = argumentsOf(argument, 'Fn::Equals').map((item) => evaluate(item, scope));
    return JSON.stringify(left) === JSON.stringify(right);
  },
  'Fn::And': (argument, scope) => argumentsOf(argument, 'Fn::And').every((item) => truth(item, scope)),
  'Fn::Or': (argument, scope) => argumentsOf(argument, 'Fn::Or').some((item) => truth(item, scope)),
  'Fn::Not': (argument, scope) => !argumentsOf(argument, 'Fn::Not').some((item) => truth(item, scope)),
  'Fn::FindInMap': (argument, scope) => {
    const [map, first, second] = argumentsOf(argument, 'Fn::FindInMap').map((item) =>
      text(item, scope, 'Fn::FindInMap'),
    );
    const value = objectOf(objectOf(scope.stack.mappings[map ?? ''])[first ?? ''])[second ?? ''];
    if (value === undefined) throw unresolvable('Fn::FindInMap', `no entry ${map}.${first}.${second}`);
    return value;
  },
  'Fn::Base64': (argument, scope) =>
    Buffer.from(known(text(argument, scope, 'Fn::Base64'), 'Fn::Base64')).toString('base64'),
};

/** What takes a text apart can't wait for a custom resource to answer it. */
function known(value: string, where: string): string {
  if (!hasMark(value)) return value;
  throw unresolvable(where, 'the attributes of a custom resource are known only after it ran');
}

function unresolvable(what: string, reason: string): EngineError {
  return new EngineError('intrinsic_unresolvable', `unable to resolve ${what}; ${reason}`);
}
