import type { Origin } from '../assembly/model.ts';

/** Who makes a call: a function of the stack by the credentials that its environment was given. */
export interface Caller {
  readonly functionName: string;
  readonly roleArn: string;
  readonly origin: Origin;
  /** Port of the gateway in whose process it runs, where that is not the engine's own. */
  readonly gateway?: number;
}

/** A service of AWS that makes a call on behalf of a resource: a distribution that reads its bucket. */
export interface ServiceCaller {
  /** `cloudfront.amazonaws.com` */
  readonly service: string;
  readonly sourceArn: string;
}

/** A request to an AWS service, read but not looked into. */
export interface AwsRequest {
  readonly method: string;
  readonly path: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** Undefined: credentials that the engine did not issue. That is its user, who may do everything. */
  readonly caller: Caller | undefined;
}

export interface AwsResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
}

/** One right that a call needs. */
export interface NeededPermission {
  /** For example `dynamodb:PutItem`. */
  readonly action: string;
  /** An ARN. */
  readonly resource: string;
  /** Values of condition keys, looked up only where a statement has a condition. */
  readonly context?: () => Readonly<Record<string, readonly string[]>>;
}

/** What an access check, a fault plan and the bill see of a call. */
export interface AwsCall {
  readonly service: string;
  readonly operation: string;
  readonly caller: Caller | undefined;
}

/** An error as the service itself answers it. */
export interface ServiceFault {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** What the error's body says beside its type and its message. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** What a fault plan does to one call. */
export interface CallFault {
  /** How long the call is held up, milliseconds. */
  readonly delayMs?: number;
  /** What the caller gets in place of the answer: an error, or a connection that is cut. */
  readonly answer?: ServiceFault | 'reset';
  /** Whether the call takes effect although its answer is lost. */
  readonly takesEffect?: boolean;
  /** Hears when the call has had its effect, or will have none. */
  readonly done?: () => void;
}

/**
 * What stands between a caller and every service. Each part may be absent.
 */
export interface CallSeams {
  /** Refuses a call that the caller's role does not allow; the answer is the service's own AccessDenied. */
  readonly authorize?: (
    caller: Caller,
    permissions: readonly NeededPermission[],
  ) => { readonly message: string } | undefined;
  /** Before an allowed call: what goes wrong with it. */
  readonly fault?: (call: AwsCall) => CallFault | undefined;
  /** After the call. */
  readonly count?: (call: AwsCall, status: number, requestBytes: number, responseBytes: number) => void;
}

/** One AWS service of the endpoint. */
export interface AwsService {
  /** The service's name in the credential scope of a signature. */
  readonly name: string;
  /** Undefined: no operation of this service. */
  operationOf(request: AwsRequest): string | undefined;
  permissionsOf(operation: string, request: AwsRequest): readonly NeededPermission[];
  handle(operation: string, request: AwsRequest): Promise<AwsResponse>;
  /** An error in the form that the service's clients parse. */
  errorResponse(fault: ServiceFault): AwsResponse;
}

/** Header of requests in AWS's JSON protocols: `<service version>.<operation>`. */
export function targetOperation(request: AwsRequest): string | undefined {
  const target = request.headers['x-amz-target'];
  return typeof target === 'string' ? target.slice(target.lastIndexOf('.') + 1) : undefined;
}

/** Thrown by services; becomes the service's own error answer. */
export class ServiceError extends Error implements ServiceFault {
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.name = 'ServiceError';
    this.code = code;
    this.status = status;
  }
}

/** Answers of the JSON protocol 1.0 and 1.1. */
export function jsonResponse(value: unknown, status = 200, version: '1.0' | '1.1' = '1.1'): AwsResponse {
  return {
    status,
    headers: { 'content-type': `application/x-amz-json-${version}` },
    body: JSON.stringify(value),
  };
}

export function parseBody(request: AwsRequest): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(request.body.toString('utf8') || '{}');
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) {
      return parsed as Record<string, unknown>;
    }
  } catch {
    // Answered as what is no object.
  }
  throw new ServiceError('SerializationException', 'The request body is not a JSON object');
}
