/** Sending a message. */
import type { AppendKey } from '../data/heads.ts';
import type { Standing } from '../data/memberships.ts';
import { takeTurn } from '../data/turns.ts';
import { ParleyError } from '../protocol/errors.ts';
import type { ReplyData } from '../protocol/frames.ts';
import { type Author, append, type PreparedAppend } from './append.ts';
import type { ChatContext } from './context.ts';
import { otherOf, refuseBlocked } from './direct.ts';
import { requireMember } from './ranks.ts';
import type { HeadView } from './room-memory.ts';

const OPERATION = 'send';

/**
 * Appends a message to a room's log (P1, P2, P3, P6).
 *
 * @param prepared reads that were started earlier for this very author, by `prepareAppend`.
 * @throws {ParleyError} `not_found`; `forbidden` for who is not a member, muted or blocked, and for what the moderation hook refuses;
 *   `rate_limited` in slow mode; `unavailable`.
 */
export async function sendMessage(
  ctx: ChatContext,
  message: Author & { readonly text: string },
  prepared?: PreparedAppend,
): Promise<ReplyData<'sendMessage'>> {
  const { text, ...author } = message;
  let judged: Promise<string> | undefined;
  const { seq, at } = await append(
    ctx,
    {
      ...author,
      operation: OPERATION,
      body: { type: 'message.created', text },
      // What costs most comes last; a turn is taken only for what will be committed.
      async authorise(standing, view, key) {
        const member = await requireMember(ctx, OPERATION, { standing, view });
        refuseMuted(ctx, member);
        const other = otherOf(view, author.user);
        if (other) await refuseBlocked(ctx, { user: author.user, other }, OPERATION);
        // Once, however often the commit is tried.
        judged ??= ctx.moderate && textAfterHook(ctx, message);
        const body = judged && ({ type: 'message.created', text: await judged } as const);
        const turn = await takeTurnInSlowMode(ctx, author, { member, view, key });
        return { ...(body ? { body } : {}), ...(turn === undefined ? {} : { at: turn }) };
      },
    },
    prepared,
  );
  return { room: author.room, seq, at };
}

function refuseMuted(ctx: ChatContext, { mutedUntil }: Standing): void {
  if (mutedUntil !== undefined && Date.parse(mutedUntil) > ctx.now()) {
    throw new ParleyError('forbidden', OPERATION, `you are muted until ${mutedUntil}`);
  }
}

/** What the operator's hook makes of the text. @throws {ParleyError} `forbidden` where it refuses the message. */
async function textAfterHook(
  ctx: ChatContext,
  { room, user, text }: Author & { readonly text: string },
): Promise<string> {
  const verdict = await ctx.moderate?.({ room, user, text });
  if (verdict?.decision === 'refuse') throw new ParleyError('forbidden', OPERATION, verdict.reason);
  return verdict?.decision === 'change' ? verdict.text : text;
}

/**
 * Slow mode: between two messages of one member lie so many seconds, exactly, whoever sends at once. Admins are exempt.
 *
 * @returns the time of the turn, which becomes the event's, so that the log shows the pause; undefined where there is no slow mode.
 * @throws {ParleyError} `rate_limited` with the milliseconds until the next turn.
 */
async function takeTurnInSlowMode(
  ctx: ChatContext,
  { room, user }: Author,
  { member, view, key }: { readonly member: Standing; readonly view: HeadView; readonly key: AppendKey },
): Promise<number | undefined> {
  if (!view.slow || member.role !== 'member') return undefined;
  const at = ctx.now();
  const retryAfterMs = await takeTurn(ctx.chat, { room, user, key, at, gapMs: view.slow * 1_000 });
  if (retryAfterMs === 0) return at;
  const reason = `slow mode lets you write once in ${view.slow} seconds`;
  throw new ParleyError('rate_limited', OPERATION, reason, { retryAfterMs });
}
