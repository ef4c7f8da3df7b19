/**
 * Functions of CloudFront that run on viewer requests, each in a context of its own without anything of Node.js.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html
 */
import { runInNewContext } from 'node:vm';
import type { EdgeFunctionModel } from '../assembly/distribution-model.ts';

interface Value {
  readonly value: string;
  readonly multiValue?: readonly { readonly value: string }[];
}

export type Values = Readonly<Record<string, Value>>;

export interface EdgeRequest {
  readonly method: string;
  readonly uri: string;
  readonly querystring: Values;
  readonly headers: Values;
  readonly cookies: Values;
}

export interface EdgeResponse {
  readonly statusCode: number;
  readonly headers?: Values;
  readonly body?: string | { readonly encoding: 'text' | 'base64'; readonly data: string };
}

export interface EdgeEvent {
  readonly version: '1.0';
  readonly context: {
    readonly distributionDomainName: string;
    readonly distributionId: string;
    readonly eventType: 'viewer-request';
    readonly requestId: string;
  };
  readonly viewer: { readonly ip: string };
  readonly request: EdgeRequest;
}

/** The function threw, or returned what is neither a request nor a response: CloudFront answers 503. */
export class EdgeFunctionFailed extends Error {
  override readonly name = 'EdgeFunctionFailed';
}

export type EdgeFunction = (event: EdgeEvent) => Promise<EdgeRequest | EdgeResponse>;

/** @throws EdgeFunctionFailed from each call; an error of the code itself at the first */
export function edgeFunction({ name, code }: EdgeFunctionModel): EdgeFunction {
  let handler: ((event: string) => Promise<string>) | undefined;
  return async (event) => {
    try {
      // Events and answers cross as text, so that nothing of this side can be reached or changed from that one.
      handler ??= runInNewContext(
        `${code}\n;(async (event) => JSON.stringify(await handler(JSON.parse(event))))`,
      ) as (event: string) => Promise<string>;
      const answer: unknown = JSON.parse((await handler(JSON.stringify(event))) ?? 'null');
      if (isAnswer(answer)) return answer;
    } catch (error) {
      throw new EdgeFunctionFailed(`unable to run ${name}; ${String(error)}`);
    }
    throw new EdgeFunctionFailed(`unable to run ${name}; it returned neither a request nor a response`);
  };
}

function isAnswer(answer: unknown): answer is EdgeRequest | EdgeResponse {
  return typeof answer === 'object' && answer !== null && ('uri' in answer || 'statusCode' in answer);
}
