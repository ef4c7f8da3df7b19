/** Who types: told to those who are there, stored nowhere. */
import type { RoomId, UserId } from '../protocol/ids.ts';
import type { ChatContext } from './context.ts';
import { requireMember } from './ranks.ts';
import { readRoom } from './read-room.ts';
import { refusing } from './refusals.ts';
import { refuseMuted, refuseToBlocked } from './speaking.ts';

/** Milliseconds between two tellings that somebody types, at least; clients say it again while it lasts. */
export const TYPING_EVERY_MS = 3_000;
/** Milliseconds after which who was told of it takes it for over. Longer than two tellings, so that one may be lost. */
export const TYPING_ENDS_MS = 10_000;
/** Typing people that one environment remembers before it forgets those whose typing is over. */
const REMEMBERED = 1_000;

export interface Typing {
  readonly user: UserId;
  readonly room: RoomId;
  readonly on: boolean;
}

/**
 * Whether the user may write in the room, so that others may be told that it types.
 *
 * @throws {ParleyError} as sending a message would be refused.
 */
export async function checkTyping(ctx: ChatContext, { user, room }: Typing): Promise<void> {
  const operation = 'tell of typing';
  await refusing(operation, async () => {
    const { view, standing } = await readRoom(ctx, { user, room }, operation);
    refuseMuted(ctx, await requireMember(ctx, operation, { view, standing }), operation);
    await refuseToBlocked(ctx, { view, user }, operation);
  });
}

/** What an environment has told lately, so that keystrokes do not become posts. Nothing is stored for it. */
export interface TypingMemory {
  /** Whether this is to be told; if so, it counts as told. */
  isNews(typing: Typing, now: number): boolean;
}

export function createTypingMemory(): TypingMemory {
  const told = new Map<string, { readonly on: boolean; readonly at: number }>();
  return {
    isNews({ user, room, on }, now) {
      const key = `${room}#${user}`;
      const last = told.get(key);
      const age = last ? now - last.at : Number.POSITIVE_INFINITY;
      // An end is told at once, where a beginning was told; a beginning seldom.
      const isOld = last && (on ? age < TYPING_EVERY_MS : !last.on && age < TYPING_EVERY_MS);
      if (isOld) return false;
      // The pause between two beginnings goes on over an end between them.
      told.set(key, { on, at: on || !last ? now : last.at });
      if (told.size > REMEMBERED) {
        for (const [other, { at }] of told) if (now - at > TYPING_ENDS_MS) told.delete(other);
      }
      return true;
    },
  };
}
