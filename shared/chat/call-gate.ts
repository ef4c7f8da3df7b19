/**
 * What an HTTP call passes before it does anything: the bucket of its user, or of the address that it comes from where nobody is
 * logged in yet. As over the WebSocket (command-gate.ts), the bucket is one conditional write.
 */
import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { connectionKeys } from '../data/keys.ts';
import type { UserId } from '../protocol/ids.ts';
import type { Charge } from './charge.ts';
import type { ChatContext } from './context.ts';
import { createRateBuckets, type RateLimit } from './rate.ts';

type GateContext = Pick<ChatContext, 'connections' | 'now'>;

export interface CallGate {
  /**
   * Admits a call of someone who is logged in.
   *
   * @throws {ParleyError} `rate_limited` with `retryAfterMs`, `unavailable`.
   */
  admitUser(ctx: GateContext, user: UserId, charges?: readonly Charge[]): Promise<void>;
  /**
   * Admits a call of someone who is not logged in.
   *
   * @param address the IP address that it comes from; empty: nobody knows, and it passes.
   * @throws {ParleyError} `rate_limited` with `retryAfterMs`, `unavailable`.
   */
  admitAddress(ctx: GateContext, address: string): Promise<void>;
}

/** `perMinute` 0: no limit, and no write but for what else a call counts for. */
export interface CallLimits {
  readonly user: RateLimit;
  readonly address: RateLimit;
}

/** Seconds that a bucket's item is kept. Must be longer than the minute whose counts it holds and any burst's end. */
const KEPT_SECONDS = 3_600;
const OPERATION = 'accept the call';
/** Where only spam is counted: a use in a microsecond, and more at once than anyone can send. */
const ANY_NUMBER: RateLimit = { perMinute: 60_000_000, burst: 60_000_000 };

export function createCallGate(limits: CallLimits): CallGate {
  const users = createRateBuckets(limits.user.perMinute === 0 ? ANY_NUMBER : limits.user);
  const addresses = createRateBuckets(limits.address);
  const expiry = (now: number) => Math.ceil(now / 1_000) + KEPT_SECONDS;
  return {
    async admitUser(ctx, user, charges = []) {
      if (limits.user.perMinute === 0 && charges.length === 0) return;
      const now = ctx.now();
      await users.spend(ctx.connections, now, {
        key: connectionKeys.userRate(user),
        operation: OPERATION,
        reason: 'this user calls too often',
        expiresAt: expiry(now),
        charges,
      });
    },

    async admitAddress(ctx, address) {
      if (limits.address.perMinute === 0 || address === '') return;
      const now = ctx.now();
      await addresses.spend(ctx.connections, now, {
        key: connectionKeys.addressRate(hashOf(networkOf(address))),
        operation: OPERATION,
        reason: 'too many calls come from this address',
        expiresAt: expiry(now),
      });
    },
  };
}

/** 128 bits: which addresses called is nobody’s to read from the table. */
function hashOf(network: string): string {
  return createHash('sha256').update(network).digest('base64url').slice(0, 22);
}

/** What one subscriber holds: an IPv4 address, or an IPv6 network of 64 bits (RFC 6177: a site gets no less). */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [front = '', back = ''] = address.toLowerCase().split('::');
  const first = front === '' ? [] : front.split(':');
  const last = back === '' ? [] : back.split(':');
  // `::` stands for as many zeros as are missing; an address that ends in an IPv4 one has two groups in it.
  const missing = 8 - first.length - last.length - (last.at(-1)?.includes('.') ? 1 : 0);
  const groups = address.includes('::')
    ? [...first, ...Array(Math.max(0, missing)).fill('0'), ...last]
    : first;
  return groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}
