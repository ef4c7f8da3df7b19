/**
 * What follows from the deletion of an account (docs/data-model.md, "A deleted account"). The tombstone is written first and
 * refuses every login; all the rest is done here, piece by piece. Every step looks at what is there and may be done twice, so that
 * whoever takes this up after a crash goes on where it stopped.
 */
import { finishDeletion, getTombstone } from '../data/accounts.ts';
import { getHead } from '../data/heads.ts';
import { forgetPastRoom, listOfUser, noteRewritten, type PastRoom } from '../data/past-rooms.ts';
import { lastEventOf, pageRoomItems, type Renaming, renameInHead, renameInItem } from '../data/renaming.ts';
import { deleteSession, listSessions, refuseEntry } from '../data/sessions.ts';
import type { UserId } from '../protocol/ids.ts';
import type { ChatContext } from './context.ts';
import { leaveForGood, seeToOwner } from './leave-for-good.ts';
import { closeConnections, type RevocationContext } from './revocation.ts';

export type EraseContext = ChatContext & RevocationContext;

/** What is to be done next about an account: one round over all that it left behind. */
export interface Erasure {
  readonly user: UserId;
  /** From 1. The first does nearly all; the next ones find what was under way meanwhile; one that finds nothing is the last. */
  readonly round: number;
}

/** The next round, or the rest of this one, and in how many seconds; undefined where nothing is left to do. */
export type NextErasure = (Erasure & { readonly delaySeconds: number }) | undefined;

/** Longer than a call that was let in before may take (infra/: 29 s), and than the settler behind it. Seconds. */
const SECOND_ROUND_SECONDS = 90;
/** Longer than whoever read an item before its name was changed takes to write it. Seconds. */
const NEXT_ROUND_SECONDS = 30;
/** Until the settler has taken up what the user did last. Seconds. */
const SETTLE_SECONDS = 2;

/**
 * Does one round, or as much of it as there is time for.
 *
 * @param goOn whether there is time for one more piece; a piece is a page of a log, or a room left.
 * @throws what the tables throw: the round is done again.
 */
export async function eraseAccount(
  ctx: EraseContext,
  { user, round }: Erasure,
  goOn: () => boolean,
): Promise<NextErasure> {
  const tombstone = await getTombstone(ctx.chat, user);
  if (!tombstone) return undefined;
  const renaming = { from: user, to: tombstone.pseudonym };
  await endAccess(ctx, user);
  const { rooms, others } = await listOfUser(ctx.chat, user);
  // Blocks, and whatever else is the user's alone.
  await Promise.all(others.map(({ pk, sk }) => ctx.chat.delete({ pk, sk })));
  const outcomes = new Set<Outcome>();
  for (const past of rooms) {
    if (!goOn()) return { user, round, delaySeconds: 0 };
    await leaveForGood(ctx, user, past.room);
    const begun = past.round === round ? past : { ...past, round, rewritten: 0, found: false };
    outcomes.add(await rewriteRoom(ctx, renaming, begun, goOn));
    if (outcomes.has('out of time')) return { user, round, delaySeconds: 0 };
  }
  if (outcomes.has('unsettled')) return { user, round, delaySeconds: SETTLE_SECONDS };
  if (round === 1) return { user, round: 2, delaySeconds: SECOND_ROUND_SECONDS };
  if (outcomes.has('found')) return { user, round: round + 1, delaySeconds: NEXT_ROUND_SECONDS };
  for (const { room } of rooms) {
    await seeToOwner(ctx, tombstone.pseudonym, room);
    await forgetPastRoom(ctx.chat, user, room, ctx.now());
  }
  await finishDeletion(ctx.chat, user);
  return undefined;
}

/** Ends what the user can still do: sessions, and the sockets that they opened. */
async function endAccess(ctx: EraseContext, user: UserId): Promise<void> {
  const sessions = await listSessions(ctx.chat, user);
  await refuseEntry(ctx.chat, user);
  await Promise.all(sessions.map(({ session }) => deleteSession(ctx.chat, user, session)));
  await closeConnections(ctx, { user, code: 'removed', reconnect: false });
}

/**
 * How a round over a room ended. `unsettled`: the settler has yet to take up what the user did last, and would write the name again.
 */
type Outcome = 'clean' | 'found' | 'unsettled' | 'out of time';

/** Puts the pseudonym into all that is stored of a room; goes on where this round stopped. */
async function rewriteRoom(
  ctx: EraseContext,
  renaming: Renaming,
  begun: PastRoom,
  goOn: () => boolean,
): Promise<Outcome> {
  const { room } = begun;
  const head = await getHead(ctx.chat, room);
  if (!head) return 'clean';
  let { rewritten, found } = begun;
  let after: string | undefined;
  do {
    if (!goOn()) return 'out of time';
    const { items, end } = await pageRoomItems(ctx.chat, room, { since: rewritten, after });
    const names = await Promise.all(
      items.map((item) => renameInItem(ctx.chat, item, renaming, head.settled)),
    );
    found ||= names.includes(true);
    // Up to `settled` every event is stored, so that none can come in behind this walk.
    rewritten = Math.max(rewritten, Math.min(lastEventOf(items), head.settled));
    await noteRewritten(ctx.chat, renaming.from, { ...begun, rewritten, found });
    after = end;
  } while (after !== undefined);
  if (!(await renameInHead(ctx.chat, room, renaming))) return 'unsettled';
  return found ? 'found' : 'clean';
}
