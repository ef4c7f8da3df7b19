import { describe, expect, it } from 'vitest';
import { errorResponse, logRefusal, refusalOf } from '../../functions/http/errors.ts';
import { AwsUnreachable } from '../../shared/aws/client.ts';
import { SecretError } from '../../shared/aws/secret.ts';
import { DynamoError, DynamoUnavailable } from '../../shared/data/dynamodb.ts';
import { createLogger } from '../../shared/observability/log.ts';
import { type ErrorCode, HTTP_STATUS, ParleyError } from '../../shared/protocol/errors.ts';

describe('a refusal over HTTP', () => {
  it.each(Object.entries(HTTP_STATUS))('of code %s has status %i', async (code, status) => {
    const response = errorResponse(new ParleyError(code as ErrorCode, 'do it', 'it can not be'));
    expect(response.status).toBe(status);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toEqual({ error: { code, message: 'unable to do it; it can not be' } });
  });

  it('says when to come back, in the body to the millisecond and in the header in whole seconds', async () => {
    const refusal = new ParleyError('rate_limited', 'send', 'too fast', { retryAfterMs: 1_001 });
    const response = errorResponse(refusal);
    expect(response.headers.get('retry-after')).toBe('2');
    expect(await response.json()).toMatchObject({ error: { retryAfterMs: 1_001 } });
  });

  it('asks for a credential where there was no valid one', () => {
    const refused = errorResponse(new ParleyError('unauthenticated', 'authenticate', 'no'));
    expect(refused.headers.get('www-authenticate')).toBe('Bearer');
    expect(errorResponse(new ParleyError('forbidden', 'send', 'no')).headers.has('www-authenticate')).toBe(
      false,
    );
  });
});

describe('an error', () => {
  it.each([
    ['a table that does not answer', new DynamoUnavailable('GetItem: timeout'), 'unavailable'],
    ['a table that is throttled', new DynamoError('ThrottlingException', 'slow down', {}), 'unavailable'],
    ['a service out of reach', new AwsUnreachable('no answer'), 'unavailable'],
    ['a secret that is refused', new SecretError('GetSecretValue', 'AccessDeniedException'), 'unavailable'],
    ['a request that the table refuses', new DynamoError('ValidationException', 'bad key', {}), 'internal'],
    ['a fault of ours', new TypeError("Cannot read properties of undefined (reading 'pk')"), 'internal'],
    ['what is no error at all', 'thrown text', 'internal'],
  ])('of %s tells a client its code only, and the log its cause', (_, error, code) => {
    const refusal = refusalOf(error, 'do it');
    expect(refusal.code).toBe(code);
    expect(Object.keys(refusal.toWire())).toEqual(['code', 'message']);
    if (error instanceof Error) expect(refusal.message).not.toContain(error.message);
    const lines: string[] = [];
    logRefusal(createLogger({ level: 'info', write: (line) => lines.push(line) }), refusal);
    expect(lines).toHaveLength(1);
    if (error instanceof Error) expect(JSON.parse(lines[0] ?? '').reason).toBe(error.message);
  });

  it('that is a refusal stays what it is, and is no operator’s business', () => {
    const refusal = new ParleyError('conflict', 'register', 'the username is taken');
    expect(refusalOf(refusal, 'other')).toBe(refusal);
    const lines: string[] = [];
    logRefusal(createLogger({ level: 'debug', write: (line) => lines.push(line) }), refusal);
    expect(lines).toEqual([]);
  });
});
