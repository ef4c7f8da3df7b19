import { type Json, type JsonObject, objectOf } from './cloud-assembly.ts';
import type { InvokePermission, PolicyStatement, RoleModel } from './model.ts';
import { type AssemblyReader, objectsOf, textOf, textsOf } from './reader.ts';

/** Roles with every statement that is attached to them, inline, by policy, or by a managed policy of the stack. */
export function readRoles(reader: AssemblyReader): RoleModel[] {
  const attached = new Map<string, PolicyStatement[]>();
  const attach = (roleName: string, document: Json | undefined) => {
    attached.set(roleName, [...(attached.get(roleName) ?? []), ...statementsOf(document)]);
  };
  const policies = reader.ofType('AWS::IAM::Policy', 'AWS::IAM::RolePolicy', 'AWS::IAM::ManagedPolicy');
  const managed = new Map<string, Json | undefined>();
  for (const { template, identity, properties } of policies) {
    const roles = template.type === 'AWS::IAM::RolePolicy' ? properties.RoleName : properties.Roles;
    for (const role of textsOf(roles)) attach(role, properties.PolicyDocument);
    if (template.type === 'AWS::IAM::ManagedPolicy') managed.set(identity.ref, properties.PolicyDocument);
  }
  return reader.ofType('AWS::IAM::Role').map(({ origin, identity, properties }) => {
    const name = identity.ref;
    for (const policy of objectsOf(properties.Policies)) attach(name, policy.PolicyDocument);
    const arns = textsOf(properties.ManagedPolicyArns);
    for (const arn of arns) if (managed.has(arn)) attach(name, managed.get(arn));
    return {
      ...origin,
      name,
      arn: String(identity.attributes.Arn),
      statements: attached.get(name) ?? [],
      managedPolicies: arns.filter((arn) => !managed.has(arn)),
    };
  });
}

export function statementsOf(document: Json | undefined): PolicyStatement[] {
  return objectsOf(objectOf(document).Statement).map((statement) => ({
    effect: statement.Effect === 'Deny' ? 'Deny' : 'Allow',
    actions: textsOf(statement.Action),
    notActions: textsOf(statement.NotAction),
    resources: textsOf(statement.Resource),
    notResources: textsOf(statement.NotResource),
    conditions: conditionsOf(objectOf(statement.Condition)),
  }));
}

function conditionsOf(condition: JsonObject): PolicyStatement['conditions'] {
  const conditions: Record<string, Record<string, string | string[]>> = {};
  for (const [operator, keys] of Object.entries(condition)) {
    const entries = Object.entries(objectOf(keys)).map(([key, value]) => [
      key,
      Array.isArray(value) ? value.map(String) : String(value),
    ]);
    conditions[operator] = Object.fromEntries(entries);
  }
  return conditions;
}

export function readInvokePermissions(reader: AssemblyReader): InvokePermission[] {
  return reader.ofType('AWS::Lambda::Permission').map(({ origin, properties }) => {
    const sourceArn = textOf(properties.SourceArn);
    return {
      ...origin,
      functionArn: String(properties.FunctionName),
      principal: String(properties.Principal),
      ...(sourceArn !== undefined && { sourceArn }),
    };
  });
}
