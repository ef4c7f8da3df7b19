import type { FunctionModel } from '../assembly/model.ts';
import type { InvocationType, LambdaService } from '../lambda/service.ts';
import type { AwsRequest, AwsResponse, AwsService, NeededPermission, ServiceFault } from './call.ts';
import { ServiceError } from './call.ts';

/** https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html */
const INVOKE_PATH = /^\/2015-03-31\/functions\/([^/?]+)\/invocations(?:\?|$)/;

/** The Invoke API: functions that call functions. */
export class LambdaApi implements AwsService {
  readonly name = 'lambda';
  readonly #functions: readonly FunctionModel[];
  readonly #lambda: () => LambdaService;

  /** @param lambda - looked up at each call: the functions' environments need this endpoint before the service exists */
  constructor(functions: readonly FunctionModel[], lambda: () => LambdaService) {
    this.#functions = functions;
    this.#lambda = lambda;
  }

  operationOf(request: AwsRequest): string | undefined {
    return request.method === 'POST' && INVOKE_PATH.test(request.path) ? 'InvokeFunction' : undefined;
  }

  permissionsOf(_operation: string, request: AwsRequest): readonly NeededPermission[] {
    const { arn } = this.#functionOf(request);
    return [{ action: 'lambda:InvokeFunction', resource: arn }];
  }

  async handle(_operation: string, request: AwsRequest): Promise<AwsResponse> {
    const model = this.#functionOf(request);
    const type = invocationType(request);
    if (type === 'DryRun') return { status: 204, headers: {}, body: '' };
    const outcome = await this.#lambda().invoke(model.arn, eventOf(request), type);
    const headers = { 'content-type': 'application/json', 'x-amz-executed-version': '$LATEST' };
    if (outcome.ok) {
      const body = type === 'Event' ? '' : JSON.stringify(outcome.payload ?? null);
      return { status: type === 'Event' ? 202 : 200, headers, body };
    }
    if (outcome.kind === 'throttled') {
      throw new ServiceError('TooManyRequestsException', outcome.errorMessage, 429);
    }
    if (outcome.errorType === 'RequestTooLargeException') {
      throw new ServiceError('RequestTooLargeException', outcome.errorMessage, 413);
    }
    const { errorType, errorMessage, trace } = outcome;
    return {
      status: 200,
      headers: { ...headers, 'x-amz-function-error': 'Unhandled' },
      body: JSON.stringify({ errorType, errorMessage, ...(trace && { trace }) }),
    };
  }

  errorResponse({ status, code, message }: ServiceFault): AwsResponse {
    const denied = code === 'AccessDeniedException';
    return {
      status: denied ? 403 : status,
      headers: { 'content-type': 'application/json', 'x-amzn-errortype': code },
      body: JSON.stringify({ Type: 'User', Message: message }),
    };
  }

  #functionOf(request: AwsRequest): FunctionModel {
    const name = decodeURIComponent(INVOKE_PATH.exec(request.path)?.[1] ?? '');
    const plain = name.startsWith('arn:') ? (name.split(':')[6] ?? '') : (name.split(':')[0] ?? '');
    const model = this.#functions.find((candidate) => candidate.name === plain);
    if (model) return model;
    throw new ServiceError('ResourceNotFoundException', `Function not found: ${name}`, 404);
  }
}

function invocationType(request: AwsRequest): InvocationType | 'DryRun' {
  const type = request.headers['x-amz-invocation-type'] ?? 'RequestResponse';
  if (type === 'Event' || type === 'RequestResponse' || type === 'DryRun') return type;
  throw new ServiceError('InvalidParameterValueException', `Unknown invocation type: ${String(type)}`);
}

function eventOf(request: AwsRequest): unknown {
  if (request.body.length === 0) return {};
  try {
    return JSON.parse(request.body.toString('utf8'));
  } catch {
    throw new ServiceError('InvalidRequestContentException', 'Could not parse request body into json');
  }
}
