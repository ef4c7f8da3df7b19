import { ParleyError } from '../../shared/protocol/errors.ts';
import { MAX_COMMAND_BYTES } from '../../shared/protocol/ids.ts';

/** Bytes of a request's body, at most: the same as of a command over the WebSocket, so that what one takes the other does. */
export const MAX_BODY_BYTES = MAX_COMMAND_BYTES;

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
