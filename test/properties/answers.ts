import type { Answer } from '../helper/account.ts';
import { faultOfError, isRecord } from '../helper/wire.ts';

/** What is wrong with an answer to anything at all: it must succeed, or refuse in the protocol's words. */
export function faultOf({ status, body, text }: Answer): string | undefined {
  if (status >= 200 && status < 300) return undefined;
  const error = isRecord(body) ? body.error : undefined;
  const fault = faultOfError(error);
  if (fault) return `${status} ${fault}: ${text.slice(0, 200)}`;
  return status >= 400 && status < 500 ? undefined : `${status} ${text.slice(0, 200)}`;
}
