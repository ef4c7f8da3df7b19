/** Blocks: from whom a user takes no direct messages. Only the user itself is told of them. */
import * as z from 'zod/mini';
import { getAccount } from '../data/accounts.ts';
import { deleteBlock, pageBlocks, putBlock } from '../data/blocks.ts';
import { ParleyError } from '../protocol/errors.ts';
import { UserId } from '../protocol/ids.ts';
import { type Block, DEFAULT_PAGE_LIMIT } from '../protocol/rest.ts';
import type { ChatContext } from './context.ts';
import { decodeCursor } from './cursor.ts';
import { type PageOf, type PageRequest, pageOf } from './lists.ts';
import { noSuchUser } from './ranks.ts';
import { refusing } from './refusals.ts';

/**
 * Blocks someone: from then on it can neither open nor write into the direct room of the two.
 *
 * @throws {ParleyError} `bad_request` for oneself, `not_found` where there is no such user, `unavailable`.
 */
export function block(
  ctx: ChatContext,
  { user, other }: { readonly user: UserId; readonly other: UserId },
): Promise<void> {
  const operation = 'block the user';
  return refusing(operation, async () => {
    if (user === other) {
      const reason = 'must be someone else';
      throw new ParleyError('bad_request', operation, `user ${reason}`, {
        issues: [{ path: 'user', reason }],
      });
    }
    if (!(await getAccount(ctx.chat, other))) throw noSuchUser(operation);
    await putBlock(ctx.chat, user, other, new Date(ctx.now()).toISOString());
  });
}

/** Ends a block, whether or not there is one. @throws {ParleyError} `unavailable`. */
export function unblock(
  ctx: ChatContext,
  { user, other }: { readonly user: UserId; readonly other: UserId },
): Promise<void> {
  return refusing('unblock the user', () => deleteBlock(ctx.chat, user, other));
}

const AfterUser = z.object({ user: UserId });

/** Whom a user has blocked, by id. @throws {ParleyError} `bad_request` for a foreign cursor, `unavailable`. */
export function listBlocks(
  ctx: ChatContext,
  { user, limit = DEFAULT_PAGE_LIMIT, cursor }: PageRequest & { readonly user: UserId },
): Promise<PageOf<Block>> {
  const operation = 'list blocks';
  return refusing(operation, async () => {
    const after = decodeCursor(AfterUser, cursor, operation)?.user;
    const page = { limit, ...(after === undefined ? {} : { after }) };
    const { blocks, more } = await pageBlocks(ctx.chat, user, page);
    const last = blocks.at(-1);
    return pageOf([...blocks], more && last ? { user: last.user } : undefined);
  });
}
