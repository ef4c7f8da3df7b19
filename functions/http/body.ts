import { ParleyError } from '../../shared/protocol/errors.ts';

/** Bytes of a request's body, at most: well over what any call can use, well under the 6 MB that Lambda takes. */
export const MAX_BODY_BYTES = 128 * 1_024;

/**
 * Reads a JSON body, whatever content type it claims.
 *
 * @throws {ParleyError} `too_large`, or `bad_request` where it is not JSON in UTF-8.
 */
export async function readJson(request: Request, operation: string): Promise<unknown> {
  const tooLarge = () =>
    new ParleyError('too_large', operation, `the body holds more than ${MAX_BODY_BYTES / 1_024} KiB`);
  if (Number(request.headers.get('content-length')) > MAX_BODY_BYTES) throw tooLarge();
  const bytes = await request.arrayBuffer();
  if (bytes.byteLength > MAX_BODY_BYTES) throw tooLarge();
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new ParleyError('bad_request', operation, 'the body is not JSON', { cause: error });
  }
}
