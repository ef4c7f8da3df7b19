/** Mentions: `@name` of members, and `@room` by admins. The service reads them from the text; what a client says of them counts nothing. */
import { batchGetMentionable } from '../data/mentions.ts';
import { type Role, UserId } from '../protocol/ids.ts';
import type { ChatContext } from './context.ts';
import { isAtLeast } from './ranks.ts';
import type { HeadView } from './room-memory.ts';

/** People that one message mentions; names beyond are text like any other. */
const MAX_MENTIONS = 20;
/** The name that mentions everyone. */
const ROOM = 'room';
/** An `@` that begins a word, and what a user id may hold: ids are in small letters, people also write others. */
const NAME = /(?<![\p{L}\p{N}_@.-])@([a-z0-9][a-z0-9_.-]{2,31})/giu;
/** What may end a sentence as well as a name. */
const ENDS = /[_.-]+$/;

export interface Mentions {
  readonly mentions?: UserId[];
  readonly everyone?: true;
}

/** Names that a text may mention, in the order of their first place; of a name at the end of a sentence both readings. */
export function namesIn(text: string): string[] {
  const names = [...text.matchAll(NAME)].map(([, name = '']) => name.toLowerCase());
  const readings = names.flatMap((name) => [name, name.replace(ENDS, '')]);
  return [...new Set(readings)].filter((name) => name.length > 2).slice(0, 2 * MAX_MENTIONS);
}

/**
 * Whom a message mentions: members of its room but for its author, and not those who take nothing from the author. Costs a call where
 * the text holds a name, and none otherwise.
 */
export async function mentionsOf(
  ctx: ChatContext,
  view: Pick<HeadView, 'room' | 'kind'>,
  { user, role, text }: { readonly user: UserId; readonly role: Role; readonly text: string },
): Promise<Mentions> {
  const names = namesIn(text);
  const all = names.includes(ROOM) && view.kind !== 'direct' && isAtLeast(role, 'admin');
  const people = names
    .filter((name) => name !== user && !(all && name === ROOM))
    .map((name) => UserId.parse(name));
  const mentionable = people.length === 0 ? [] : await batchGetMentionable(ctx.chat, view.room, user, people);
  const found = new Set(mentionable);
  const mentions = people.filter((name) => found.has(name)).slice(0, MAX_MENTIONS);
  return { ...(mentions.length > 0 ? { mentions } : {}), ...(all ? { everyone: true as const } : {}) };
}
