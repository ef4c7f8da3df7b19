import { randomBytes } from 'node:crypto';
import type { FunctionModel } from '../assembly/model.ts';
import type { Caller, ServiceCaller } from './call.ts';

export interface SessionCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function newCredentials(): SessionCredentials {
  // Session keys begin with ASIA: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
  const suffix = Array.from(randomBytes(16), (byte) => BASE32[byte % 32]).join('');
  return {
    accessKeyId: `ASIA${suffix}`,
    secretAccessKey: randomBytes(30).toString('base64'),
    sessionToken: randomBytes(48).toString('base64'),
  };
}

/** Gives each function session credentials of its own, so that whoever signs a call is known by the key's id. */
export class CredentialRegistry {
  readonly #callers = new Map<string, Caller>();
  readonly #services = new Map<string, ServiceCaller>();
  readonly #issued = new Map<string, SessionCredentials>();

  /**
   * The same for each environment of a function in one process.
   *
   * @param gateway - port of the gateway in whose process it runs, where that is not the engine's own
   */
  issue(model: FunctionModel, gateway?: number): SessionCredentials {
    const holder = gateway === undefined ? model.name : `${model.name} ${gateway}`;
    const known = this.#issued.get(holder);
    if (known) return known;
    const credentials = newCredentials();
    this.#issued.set(holder, credentials);
    const { logicalId, constructPath } = model;
    this.#callers.set(credentials.accessKeyId, {
      functionName: model.name,
      roleArn: model.roleArn,
      origin: { logicalId, constructPath },
      ...(gateway !== undefined && { gateway }),
    });
    return credentials;
  }

  /** Of a service of AWS that calls another one on behalf of a resource of the stack. */
  issueToService(caller: ServiceCaller): SessionCredentials {
    const credentials = newCredentials();
    this.#issued.set(`${caller.service} ${caller.sourceArn}`, credentials);
    this.#services.set(credentials.accessKeyId, caller);
    return credentials;
  }

  /** The secrets behind a key's id, for who verifies a signature; undefined for one that was not issued here. */
  find(accessKeyId: string): (SessionCredentials & { readonly caller: Caller | ServiceCaller }) | undefined {
    const caller = this.#callers.get(accessKeyId) ?? this.#services.get(accessKeyId);
    const issued = [...this.#issued.values()].find((one) => one.accessKeyId === accessKeyId);
    return caller && issued && { ...issued, caller };
  }

  /** By the ids of their keys. */
  callers(): ReadonlyMap<string, Caller> {
    return this.#callers;
  }

  callerOf(accessKeyId: string): Caller | undefined {
    return this.#callers.get(accessKeyId);
  }
}

/** Parts of `Credential=<key>/<date>/<region>/<service>/aws4_request` in a SigV4 header or query. */
export interface CredentialScope {
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
}

const SCOPE = /Credential=([^/,\s]+)\/\d{8}\/([^/]+)\/([^/]+)\/aws4_request/;

export function credentialScope(authorization: string | undefined): CredentialScope | undefined {
  const match = authorization === undefined ? null : SCOPE.exec(authorization);
  return match ? { accessKeyId: match[1] ?? '', region: match[2] ?? '', service: match[3] ?? '' } : undefined;
}
