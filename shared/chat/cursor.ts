/** The opaque cursors of lists: the place of the last item, in base64url. */
import * as z from 'zod/mini';
import { ParleyError } from '../protocol/errors.ts';

export function encodeCursor(place: object): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/** @throws {ParleyError} `bad_request` for a cursor that no list gave. */
export function decodeCursor<S extends z.core.$ZodType>(
  schema: S,
  cursor: string | undefined,
  operation: string,
): z.core.output<S> | undefined {
  if (cursor === undefined) return undefined;
  const result = z.safeParse(schema, parsedJson(Buffer.from(cursor, 'base64url').toString()));
  if (result.success) return result.data;
  const reason = 'must be what the page before gave';
  throw new ParleyError('bad_request', operation, `cursor ${reason}`, {
    issues: [{ path: 'cursor', reason }],
  });
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
