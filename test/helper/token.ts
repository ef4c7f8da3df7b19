import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { isRecord } from './wire.ts';

/** The claims and the header of a token, unverified: what a forger would begin with. */
export function opened(token: string): { header: Record<string, unknown>; claims: Record<string, unknown> } {
  const [header, claims] = token.split('.').slice(0, 2).map(decoded);
  if (!header || !claims) throw new Error('unable to open the token; it has no header or no claims');
  return { header, claims };
}

/** A token without a signature that claims to need none. */
export function unsignedToken(token: string): string {
  const { claims } = opened(token);
  return `${encoded({ alg: 'none', typ: 'JWT' })}.${encoded(claims)}.`;
}

/** A token that is like `token` but for some claims, signed by a key that the service never saw. */
export function forgedToken(token: string, changes: Record<string, unknown> = {}): string {
  const { header, claims } = opened(token);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const content = `${encoded(header)}.${encoded({ ...claims, ...changes })}`;
  const signature = sign('sha256', Buffer.from(content), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${content}.${signature.toString('base64url')}`;
}

/** A token signed by HMAC, with the public key (as text) for a secret: the classic confusion of algorithms. */
export function confusedToken(token: string, publicKey: string): string {
  const { header, claims } = opened(token);
  const content = `${encoded({ ...header, alg: 'HS256' })}.${encoded(claims)}`;
  return `${content}.${createHmac('sha256', publicKey).update(content).digest('base64url')}`;
}

/** A token whose claims were changed, under the signature of the old ones. */
export function alteredToken(token: string, changes: Record<string, unknown>): string {
  const [header, , signature] = token.split('.');
  return `${header}.${encoded({ ...opened(token).claims, ...changes })}.${signature}`;
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decoded(part: string): Record<string, unknown> {
  const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
  if (!isRecord(value)) throw new Error('unable to open the token; a part of it is no object');
  return value;
}
