/** Sending a message. */
import type { Standing } from '../data/memberships.ts';
import { ParleyError } from '../protocol/errors.ts';
import type { ReplyData } from '../protocol/frames.ts';
import { type Author, append, type PreparedAppend } from './append.ts';
import type { ChatContext } from './context.ts';
import { strangerRefusal } from './refusals.ts';

const OPERATION = 'send';

/**
 * Appends a message to a room's log (P1, P2, P3, P6).
 *
 * @param prepared reads that were started earlier for this very author, by `prepareAppend`.
 * @throws {ParleyError} `not_found`, `forbidden` (not a member, or muted), `unavailable`.
 */
export async function sendMessage(
  ctx: ChatContext,
  message: Author & { readonly text: string },
  prepared?: PreparedAppend,
): Promise<ReplyData<'sendMessage'>> {
  const { text, ...author } = message;
  const { seq, at } = await append(
    ctx,
    {
      ...author,
      operation: OPERATION,
      body: { type: 'message.created', text },
      authorise: (standing) => mayWrite(ctx, author, standing),
    },
    prepared,
  );
  return { room: author.room, seq, at };
}

async function mayWrite(ctx: ChatContext, { room }: Author, standing: Standing | undefined): Promise<void> {
  if (!standing) throw await strangerRefusal(ctx, room, OPERATION);
  if (standing.mutedUntil !== undefined && Date.parse(standing.mutedUntil) > ctx.now()) {
    throw new ParleyError('forbidden', OPERATION, `you are muted until ${standing.mutedUntil}`);
  }
}
