/** The block items: from whom a user takes no direct messages. */
import * as z from 'zod/mini';
import { Time, UserId } from '../protocol/ids.ts';
import type { Block } from '../protocol/rest.ts';
import { BLOCK_PREFIX, chatKeys } from './keys.ts';
import type { Table } from './table.ts';

const Stored = z.object({ sk: z.string(), at: Time });

/** Stored → wire. */
function toBlock(item: unknown): Block {
  const { sk, at } = z.parse(Stored, item);
  return { user: z.parse(UserId, sk.slice(BLOCK_PREFIX.length)), at };
}

/** Whether `user` takes nothing from `other`. */
export async function hasBlocked(table: Table, user: UserId, other: UserId): Promise<boolean> {
  return (await table.get(chatKeys.block(user, other))) !== undefined;
}

/** @param at ISO 8601. */
export async function putBlock(table: Table, user: UserId, other: UserId, at: string): Promise<void> {
  await table.put({ ...chatKeys.block(user, other), at });
}

export async function deleteBlock(table: Table, user: UserId, other: UserId): Promise<void> {
  await table.delete(chatKeys.block(user, other));
}

/** A page of those whom a user has blocked, by id, after the user `after`. */
export async function pageBlocks(
  table: Table,
  user: UserId,
  { limit, after }: { readonly limit: number; readonly after?: UserId },
): Promise<{ readonly blocks: readonly Block[]; readonly more: boolean }> {
  const { items, next } = await table.query({
    where: 'pk = :pk AND begins_with(sk, :prefix)',
    values: { ':pk': chatKeys.block(user, user).pk, ':prefix': BLOCK_PREFIX },
    limit,
    ...(after === undefined ? {} : { from: { ...chatKeys.block(user, after) } }),
  });
  return { blocks: items.map(toBlock), more: next !== undefined };
}
