/** People with accounts and rooms of theirs, for tests that call the rooms' functions directly. */
import type { ChatContext } from '../../shared/chat/context.ts';
import { updateRoom } from '../../shared/chat/room-settings.ts';
import { createRoom, joinRoom } from '../../shared/chat/rooms.ts';
import { putNewAccount } from '../../shared/data/accounts.ts';
import type { RoomId, UserId } from '../../shared/protocol/ids.ts';
import { room, user } from './chat.ts';

let made = 0;

/** Gives people accounts whose names begin with these. */
export async function registered<const N extends readonly string[]>(
  ctx: ChatContext,
  ...names: N
): Promise<{ -readonly [K in keyof N]: UserId }> {
  made += 1;
  const users = names.map((name) => user(`${name}-${made}`));
  const createdAt = new Date(ctx.now()).toISOString();
  for (const one of users) {
    await putNewAccount(ctx.chat, { user: one, displayName: one, passwordHash: '-', createdAt }, one);
  }
  // One user for each name, in their order: a tuple as long as the names.
  return users as { -readonly [K in keyof N]: UserId };
}

/** A new room of `owner` with these members. */
export async function roomOf(
  ctx: ChatContext,
  owner: UserId,
  members: readonly UserId[] = [],
  kind: 'public' | 'private' = 'public',
): Promise<RoomId> {
  made += 1;
  const id = room(`people-${made}`);
  await createRoom(ctx, { user: owner, room: id, name: id, kind: 'public' });
  for (const member of members) await joinRoom(ctx, { room: id, user: member });
  if (kind === 'private') {
    await updateRoom(ctx, { room: id, user: owner, wanted: { kind } });
  }
  return id;
}

/** The code that a promise is refused with; `none` where it is not. */
export function refusal(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'none',
    (error) => String(error.code ?? error),
  );
}
