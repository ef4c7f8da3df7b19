import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { ChatStack } from '../../infra/chat-stack.ts';
import { readSettings } from '../../infra/settings.ts';
import { build } from '../../scripts/build.ts';

/** A resource of a template, as far as tests look at it. */
export interface Resource {
  readonly Type: string;
  readonly DeletionPolicy?: string;
  readonly DependsOn?: string | readonly string[];
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly Metadata?: { readonly 'aws:cdk:path'?: string };
}

type Context = Readonly<Record<string, unknown>>;

let built: Promise<unknown> | undefined;

/**
 * Synthesizes the stack in this process.
 *
 * @throws what a deployer would see where the context is bad.
 */
export async function synthesize(context: Context = {}): Promise<Template> {
  return Template.fromStack(await makeStack(context));
}

/** The stack itself, for tests that ask its constructs. */
export async function makeStack(context: Context = {}): Promise<ChatStack> {
  built ??= build();
  await built;
  const app = new App({
    analyticsReporting: false,
    builtinCloudFormationValidation: false,
    context: { ...context, 'aws:cdk:enable-path-metadata': true },
  });
  return new ChatStack(app, readSettings(app));
}

/** All resources of a type, by logical id. */
export function resources(template: Template, type: string): ReadonlyMap<string, Resource> {
  return new Map(Object.entries(template.findResources(type) as Record<string, Resource>));
}

/** The only resource of a type. */
export function only(template: Template, type: string): Resource {
  const found = [...resources(template, type).values()];
  const [first] = found;
  if (first === undefined || found.length > 1) throw new Error(`expected one ${type}, found ${found.length}`);
  return first;
}

/** The value at a path of a resource's properties; undefined where there is none. */
export function property(resource: Resource, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (value as Record<string | number, unknown> | undefined)?.[key],
    resource.Properties,
  );
}
