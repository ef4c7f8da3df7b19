/** Invokes the function behind a route, under the route's integration timeout. */
import type { InvocationOutcome, LambdaService } from '../lambda/service.ts';

/** `timeout`: the integration took longer than API Gateway waits; the function itself goes on. */
export type IntegrationOutcome =
  | InvocationOutcome
  | { readonly ok: false; readonly kind: 'integrationTimeout' };

/** Never rejects: an unknown function is a failed integration, as on AWS. */
export async function integrate(
  lambda: LambdaService,
  functionArn: string,
  event: unknown,
  timeoutMs: number,
): Promise<IntegrationOutcome> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<IntegrationOutcome>((resolve) => {
    timer = setTimeout(() => resolve({ ok: false, kind: 'integrationTimeout' }), timeoutMs);
  });
  try {
    return await Promise.race([lambda.invoke(functionArn, event, 'RequestResponse'), late]);
  } catch (error) {
    return { ok: false, kind: 'error', errorType: 'Unavailable', errorMessage: String(error) };
  } finally {
    clearTimeout(timer);
  }
}

/** A proxy integration's answer: https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-integrations.html */
export interface ProxyResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body?: string;
}

/** What a WebSocket function returned, or `undefined` where it has not the form of a proxy response. */
export function proxyResponse(payload: unknown): ProxyResponse | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined;
  const { statusCode, headers, body } = payload as Record<string, unknown>;
  const status = typeof statusCode === 'string' ? Number(statusCode) : statusCode;
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 100 || status > 599)
    return undefined;
  if (body !== undefined && body !== null && typeof body !== 'string') return undefined;
  return {
    statusCode: status,
    headers: typeof headers === 'object' && headers !== null ? (headers as Record<string, unknown>) : {},
    ...(typeof body === 'string' && { body }),
  };
}
