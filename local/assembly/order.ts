import type { Json, StackArtifact } from './cloud-assembly.ts';
import { isObject } from './cloud-assembly.ts';

/** All logical ids of a stack, each after what it depends on, by `DependsOn` or by reference. */
export function creationOrder(stack: StackArtifact): string[] {
  const order: string[] = [];
  const seen = new Set<string>();
  const visit = (logicalId: string) => {
    const resource = stack.resources.get(logicalId);
    if (!resource || seen.has(logicalId)) return;
    seen.add(logicalId);
    const needed = new Set(resource.dependsOn);
    collectReferences(resource.properties, needed);
    for (const id of needed) visit(id);
    order.push(logicalId);
  };
  for (const logicalId of stack.resources.keys()) visit(logicalId);
  return order;
}

function collectReferences(value: Json, into: Set<string>): void {
  if (Array.isArray(value)) {
    for (const item of value) collectReferences(item, into);
    return;
  }
  if (!isObject(value)) return;
  for (const [key, item] of Object.entries(value)) {
    if (key === 'Ref' && typeof item === 'string') into.add(item);
    else if (key === 'Fn::GetAtt')
      into.add(String(Array.isArray(item) ? item[0] : String(item).split('.')[0]));
    else if (key === 'Fn::Sub') collectSubstitutions(Array.isArray(item) ? (item[0] ?? '') : item, into);
    collectReferences(item, into);
  }
}

function collectSubstitutions(template: Json, into: Set<string>): void {
  for (const [, name = ''] of String(template).matchAll(/\$\{([^!}][^}]*)\}/g)) {
    into.add(name.split('.')[0] ?? name);
  }
}
