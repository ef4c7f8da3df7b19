/** The item that holds the public signing keys: what `$connect` and the HTTP API verify tokens with. */
import * as z from 'zod/mini';
import { chatKeys } from './keys.ts';
import type { Table } from './table.ts';

/** A public ES256 key as RFC 7517 has it. `kid` is its RFC 7638 thumbprint. */
export const PublicKey = z.object({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.string(),
  y: z.string(),
  kid: z.string(),
  alg: z.literal('ES256'),
  use: z.literal('sig'),
});
export type PublicKey = z.infer<typeof PublicKey>;

/** @returns no keys where none were published yet. */
export async function getPublicKeys(chat: Table): Promise<PublicKey[]> {
  const item = await chat.get(chatKeys.publicKeys());
  return item ? z.array(PublicKey).parse(item.keys) : [];
}

export async function putPublicKeys(chat: Table, keys: readonly PublicKey[]): Promise<void> {
  await chat.put({ ...chatKeys.publicKeys(), keys });
}
