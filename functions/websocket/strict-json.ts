/** JSON from strangers: one meaning only. */
import { ParleyError } from '../../shared/protocol/errors.ts';
import type { SocketEvent } from './socket-event.ts';

/** No command of the protocol nests deeper than three levels. */
const MAX_DEPTH = 16;
const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\]:]/g;

/**
 * Reads a frame as one JSON object in which no key comes twice (RFC 8259, section 4, leaves the meaning of that open, so two
 * readers of one frame could see two commands) and no key is `__proto__`.
 *
 * @param seen told of the object before its keys are judged, so that even its refusal can carry its `id`.
 * @throws {ParleyError} `bad_request`.
 */
export function parseFrame(
  frame: Pick<SocketEvent, 'body' | 'isBase64Encoded'>,
  operation: string,
  seen: (fields: Readonly<Record<string, unknown>>) => void = () => {},
): Record<string, unknown> {
  const refuse = (reason: string) => new ParleyError('bad_request', operation, reason);
  if (frame.isBase64Encoded) throw refuse('a command is a text frame');
  const text = frame.body ?? '';
  const value = parseJson(text);
  if (value === undefined) throw refuse('the frame is not JSON');
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refuse('the frame is not a JSON object');
  }
  const fields = value as Record<string, unknown>;
  seen(fields);
  const fault = findFault(text);
  if (fault) throw refuse(fault);
  return fields;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @param text valid JSON, so that a string before a colon is a key and brackets match. */
function findFault(text: string): string | undefined {
  const open: Set<string>[] = [];
  let lastString = '';
  for (const [token] of text.matchAll(TOKENS)) {
    if (token === '{' || token === '[') {
      if (open.push(new Set()) > MAX_DEPTH) return 'the frame nests too deeply';
    } else if (token === '}' || token === ']') {
      open.pop();
    } else if (token === ':') {
      const key = String(JSON.parse(lastString));
      const keys = open.at(-1);
      if (key === '__proto__') return 'a key is not allowed';
      if (keys?.has(key)) return 'a key comes twice';
      keys?.add(key);
    } else {
      lastString = token;
    }
  }
  return undefined;
}
