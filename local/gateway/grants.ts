/** Who may call `@connections`: the roles of the stack's functions, by the credentials that the engine gave them. */
import type { AssemblyModel, PolicyStatement, WebSocketApiModel } from '../assembly/model.ts';
import type { ManagementCall, ManagementVerdict } from './management.ts';

export interface Grant {
  readonly functionName: string;
  readonly constructPath: string;
  readonly statements: readonly PolicyStatement[];
}

/** By access key id. A key that is not here belongs to the engine's user, who may do everything. */
export type Grants = Readonly<Record<string, Grant>>;

/** What a judge goes by: plain values, so that they reach a gateway's process too. */
export interface Access {
  readonly grants: Grants;
  readonly region: string;
  readonly account: string;
}

export interface GrantOptions extends Access {
  readonly webSocketApis: readonly WebSocketApiModel[];
  /** Told of each refusal: the function, the action, the resource, and the construct whose role lacks it. */
  readonly denied: (text: string) => void;
}

/** @param keyOf the access key id that a function's environments are given */
export function accessOf(
  { functions, roles, region, account }: AssemblyModel,
  keyOf: (model: AssemblyModel['functions'][number]) => string,
): Access {
  const grants = functions.map((model): [string, Grant] => {
    const role = roles.find(({ arn }) => arn === model.roleArn);
    const { name: functionName, constructPath } = model;
    return [keyOf(model), { functionName, constructPath, statements: role?.statements ?? [] }];
  });
  return { grants: Object.fromEntries(grants), region, account };
}

const ACTION = 'execute-api:ManageConnections';
const ACCESS_KEY = /Credential=([^/,\s]+)\//;

/**
 * Judges calls by the caller's role: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-control-access-iam.html
 *
 * @returns `forbidden` where no statement allows `execute-api:ManageConnections` on the connection, or one denies it
 */
export function createGrantJudge(options: GrantOptions): (call: ManagementCall) => ManagementVerdict {
  const { grants, webSocketApis, region, account } = options;
  /** Most calls are alike but for the connection: patterns are made once. */
  const patterns = new Map<string, RegExp>();
  const matches = (pattern: string, text: string, ignoreCase = false): boolean => {
    if (pattern === '*') return true;
    let compiled = patterns.get(pattern);
    if (!compiled) {
      compiled = wildcard(pattern, ignoreCase);
      patterns.set(pattern, compiled);
    }
    return compiled.test(text);
  };
  const applies = (statement: PolicyStatement, resource: string): boolean => {
    const action = (pattern: string) => matches(pattern, ACTION, true);
    const target = (pattern: string) => matches(pattern, resource);
    return (
      (statement.actions.some(action) ||
        (statement.notActions.length > 0 && !statement.notActions.some(action))) &&
      (statement.resources.some(target) ||
        (statement.notResources.length > 0 && !statement.notResources.some(target)))
    );
  };

  return ({ request, apiId, stage, method, connectionId }) => {
    const key = ACCESS_KEY.exec(request.headers.authorization ?? '')?.[1];
    const grant = key === undefined ? undefined : grants[key];
    if (!grant) return 'allow';
    const api = apiId ?? webSocketApis.find(({ stageName }) => stageName === stage)?.apiId ?? '';
    const resource = `arn:aws:execute-api:${region}:${account}:${api}/${stage}/${method}/@connections/${connectionId}`;
    const statements = grant.statements.filter((statement) => applies(statement, resource));
    // A condition is not evaluated: it can only narrow an Allow, which then counts as none, and a Deny, which counts.
    const allowed = statements.some(({ effect, conditions }) => effect === 'Allow' && isEmpty(conditions));
    if (allowed && !statements.some(({ effect }) => effect === 'Deny')) return 'allow';
    options.denied(
      `${grant.functionName} may not ${ACTION} on ${resource}; the role of ${grant.constructPath} does not grant it`,
    );
    return 'forbidden';
  };
}

/** `*` stands for any characters, `?` for one: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html */
function wildcard(pattern: string, ignoreCase: boolean): RegExp {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, ignoreCase ? 'is' : 's');
}

const isEmpty = (value: object): boolean => Object.keys(value).length === 0;
