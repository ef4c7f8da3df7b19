/** Sending a message. */
import type { EventBody } from '../data/events.ts';
import type { AppendKey } from '../data/heads.ts';
import type { Standing } from '../data/memberships.ts';
import { takeTurn } from '../data/turns.ts';
import { ParleyError } from '../protocol/errors.ts';
import type { Attachment } from '../protocol/events.ts';
import type { ReplyData } from '../protocol/frames.ts';
import type { FileId, RoomId } from '../protocol/ids.ts';
import { type Author, append, type PreparedAppend } from './append.ts';
import type { ChatContext } from './context.ts';
import { attachmentsOf } from './files.ts';
import { type Mentions, mentionsOf } from './mentions.ts';
import { requireMember } from './ranks.ts';
import { noSuchMessage } from './read-message.ts';
import type { HeadView } from './room-memory.ts';
import { refuseMuted, refuseToBlocked, textAfterHook } from './speaking.ts';
import { rootOf } from './threads.ts';

const OPERATION = 'send';

/**
 * Appends a message to a room's log (P1, P2, P3, P6).
 *
 * @param prepared reads that were started earlier for this very author, by `prepareAppend`.
 * @throws {ParleyError} `not_found`, also where there is no such thread or file; `conflict` for a file that is not ready or taken; `forbidden` for who is not a member, muted or blocked, and for what the moderation hook refuses;
 *   `rate_limited` in slow mode; `unavailable`.
 */
export async function sendMessage(
  ctx: ChatContext,
  message: Author & {
    readonly text: string;
    /** Number of the message that the thread is about. */
    readonly thread?: number | undefined;
    /** Files that the author has uploaded to the room. */
    readonly attachments?: readonly FileId[] | undefined;
  },
  prepared?: PreparedAppend,
): Promise<ReplyData<'sendMessage'>> {
  const { text, thread, attachments: files = [], ...author } = message;
  const bodyOf = (said: string, attachments: Attachment[] = [], mentions: Mentions = {}): EventBody => ({
    type: 'message.created',
    text: said,
    ...(thread === undefined ? {} : { thread }),
    ...(attachments.length === 0 ? {} : { attachments }),
    ...mentions,
  });
  let judged: Promise<string> | undefined;
  const { seq, at } = await append(
    ctx,
    {
      ...author,
      operation: OPERATION,
      body: bodyOf(text),
      // What costs most comes last; a turn is taken only for what will be committed.
      async authorise(standing, view, key) {
        const member = await requireMember(ctx, OPERATION, { standing, view });
        refuseMuted(ctx, member, OPERATION);
        await refuseToBlocked(ctx, { view, user: author.user }, OPERATION);
        if (thread !== undefined) await requireRoot(ctx, author.room, thread);
        const request = { room: author.room, user: author.user, files };
        const attachments = files.length === 0 ? [] : await attachmentsOf(ctx, request, OPERATION);
        // Once, however often the commit is tried.
        judged ??= ctx.moderate && textAfterHook(ctx, message, OPERATION);
        const said = (await judged) ?? text;
        const mentions = await mentionsOf(ctx, view, { user: author.user, role: member.role, text: said });
        const turn = await takeTurnInSlowMode(ctx, author, { member, view, key });
        const body = bodyOf(said, attachments, mentions);
        return { body, ...(turn === undefined ? {} : { at: turn }) };
      },
    },
    prepared,
  );
  return { room: author.room, seq, at };
}

/** Who replies, replies to what is there. @throws {ParleyError} `not_found`, `bad_request`. */
async function requireRoot(ctx: ChatContext, room: RoomId, thread: number): Promise<void> {
  const { state } = await rootOf(ctx, room, thread, OPERATION);
  if (state?.deleted !== undefined) throw noSuchMessage(OPERATION);
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
