/** Custom resources whose provider is the CDK's own, written in Python or for the deletion of a stack: the engine does what they do. */
import { isObject, type Json, type StackArtifact, type TemplateResource } from './cloud-assembly.ts';

/** What each does on AWS, and here. */
const PROVIDED: Readonly<Record<string, string>> = {
  'Custom::CDKBucketDeployment': 'puts an asset’s files into a bucket',
  'Custom::S3AutoDeleteObjects':
    'empties a bucket when the stack is deleted; here a stack is a folder that is removed',
  'Custom::S3BucketNotifications': 'tells a bucket whom to notify',
};

export function isProvided(type: string): boolean {
  return Object.hasOwn(PROVIDED, type);
}

/** Logical ids of the functions that nothing but such resources call: they are not run. */
export function providerFunctions({ resources }: StackArtifact): ReadonlySet<string> {
  const tokens = (wanted: (resource: TemplateResource) => boolean) =>
    [...resources.values()].filter(wanted).map(({ properties }) => targetOf(properties.ServiceToken));
  const others = new Set(tokens(({ type }) => !isProvided(type)));
  const own = tokens(({ type }) => isProvided(type)).filter((id) => id !== undefined && !others.has(id));
  return new Set(own.filter((id) => id !== undefined));
}

function targetOf(token: Json | undefined): string | undefined {
  const target = isObject(token) ? token['Fn::GetAtt'] : undefined;
  if (Array.isArray(target)) return String(target[0]);
  return typeof target === 'string' ? target.split('.')[0] : undefined;
}
