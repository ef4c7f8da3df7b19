/** Who may call `@connections`: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-control-access-iam.html */
import type { Authorizer } from '../access/authorizer.ts';
import type { AssemblyModel } from '../assembly/model.ts';
import type { Faults } from '../faults/faults.ts';
import type { Caller } from '../services/call.ts';
import type { ManagementCall, ManagementVerdict } from './management.ts';

export interface GrantOptions {
  readonly authorizer: Authorizer;
  /** Who holds an access key; undefined for one that the engine did not give: its user, who may do everything. */
  readonly callerOf: (accessKeyId: string) => Caller | undefined;
  readonly model: Pick<AssemblyModel, 'webSocketApis' | 'region' | 'account'>;
}

const ACTION = 'execute-api:ManageConnections';
const ACCESS_KEY = /Credential=([^/,\s]+)\//;

/** Judges calls by the caller's role: `forbidden` where it does not allow `execute-api:ManageConnections` on the connection. */
export function createGrantJudge(options: GrantOptions): (call: ManagementCall) => ManagementVerdict {
  const { authorizer, callerOf, model } = options;
  const prefix = `arn:aws:execute-api:${model.region}:${model.account}`;
  return ({ request, apiId, stage, method, connectionId }) => {
    const key = ACCESS_KEY.exec(request.headers.authorization ?? '')?.[1];
    const caller = key === undefined ? undefined : callerOf(key);
    if (!caller) return 'allow';
    // The right is asked before the connection is looked for: one that is not there has the API of its stage.
    const api = apiId ?? model.webSocketApis.find(({ stageName }) => stageName === stage)?.apiId ?? '';
    const resource = `${prefix}:${api}/${stage}/${method}/@connections/${connectionId}`;
    return authorizer.check(caller, [{ action: ACTION, resource }]) ? 'forbidden' : 'allow';
  };
}

type Judge = (call: ManagementCall) => ManagementVerdict;

/** What else may go wrong with a call that is allowed. */
export function withFaults(judge: Judge, faults: Faults): Judge {
  return (call) => {
    const verdict = judge(call);
    return verdict === 'allow' ? faults.post() : verdict;
  };
}
