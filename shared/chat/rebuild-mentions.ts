/** The mentions that members of a room have not read, made anew from its log. */
import { isMessage } from '../data/events.ts';
import type { Head } from '../data/heads.ts';
import { pageMembers } from '../data/memberships.ts';
import { replaceMentions } from '../data/mentions.ts';
import type { UserId } from '../protocol/ids.ts';
import type { ChatContext } from './context.ts';
import { isOver } from './retention.ts';
import { walkLog } from './walk-log.ts';

/** What a rebuild works with: it opens no socket, and asks for no rights. */
export type RebuildContext = Pick<ChatContext, 'chat' | 'now' | 'search'>;

/** Members that are looked at at once. */
const AT_ONCE = 25;

/**
 * Compares each member's mentions with what the log says up to the head's `settled`; what lies beyond is the settler's. A deleted message's
 * mentions went with it, and those of a message whose time is over: what was counted of them stays counted.
 *
 * @returns how many members were looked at, and how many had other mentions than the log says.
 */
export async function rebuildMentions(
  ctx: RebuildContext,
  { room, settled }: Head,
): Promise<{ readonly looked: number; readonly mended: number }> {
  const mentioned = new Map<UserId, number[]>();
  /** Messages that say for sure whom they mention. */
  const said = new Set<number>();
  for await (const committed of walkLog(ctx, room, { from: 1, to: settled })) {
    if (!isMessage(committed) || isOver(ctx, committed) || committed.event.deleted) continue;
    const { seq, mentions = [] } = committed.event;
    said.add(seq);
    for (const user of mentions) mentioned.set(user, [...(mentioned.get(user) ?? []), seq]);
  }
  let [looked, mended] = [0, 0];
  let after: UserId | undefined;
  for (let more = true; more; ) {
    const page = await pageMembers(ctx.chat, room, {
      limit: AT_ONCE,
      ...(after === undefined ? {} : { after }),
    });
    const replaced = await Promise.all(
      page.memberships.map(({ user }) =>
        replaceMentions(ctx.chat, { user, room }, (before) => [
          ...(mentioned.get(user) ?? []),
          ...before.filter((seq) => !said.has(seq)),
        ]),
      ),
    );
    looked += replaced.length;
    mended += replaced.filter(Boolean).length;
    after = page.memberships.at(-1)?.user ?? after;
    more = page.more;
  }
  return { looked, mended };
}
