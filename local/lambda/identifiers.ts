/** Identifiers of invocations in AWS's forms. */
import { randomBytes, randomUUID } from 'node:crypto';

/** A request id as Lambda gives it: a version 4 UUID. */
export const newRequestId = (): string => randomUUID();

/**
 * A trace header as X-Ray's, not sampled: `Root=1-<epoch seconds>-<96 bits>;Parent=<64 bits>;Sampled=0`.
 * Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
 */
export function newTraceId(): string {
  const hex = randomBytes(20).toString('hex');
  const seconds = Math.floor(Date.now() / 1000).toString(16);
  return `Root=1-${seconds}-${hex.slice(0, 24)};Parent=${hex.slice(24)};Sampled=0`;
}
