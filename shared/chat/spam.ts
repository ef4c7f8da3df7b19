/**
 * What counts as spam: a few rules that look at one command and at a count of the last minute (charge.ts), the same for everyone.
 * Whether a text is welcome is for people and for the moderation hook to judge.
 */
import { createHash } from 'node:crypto';
import type { Charge } from './charge.ts';

/** How many within a minute, over one connection, or over HTTP by one user; 0: any number. */
export interface SpamLimits {
  /** Messages of the same text, whatever their rooms. */
  readonly sameTextPerMinute: number;
  /** Links, in one message or several. */
  readonly linksPerMinute: number;
  /** Rooms joined. */
  readonly joinsPerMinute: number;
}

/** The command that is counted: the same `id` in the same room is the same command (P3). */
interface Counted {
  readonly room: string;
  readonly id: string;
}

/** Characters of a hash in base 64: 48 bits tell the texts of a minute apart, 36 the ids of one text. */
const TEXT_HASH = 8;
const ID_HASH = 6;

const LINK = /\b(?:https?:\/\/|www\.)[^\s]/gi;

/** What a message counts for. */
export function chargesOfMessage(
  limits: SpamLimits,
  message: Counted & { readonly text: string },
  operation: string,
): Charge[] {
  const charges: Charge[] = [];
  const mark = markOf(message);
  if (limits.sameTextPerMinute > 0) {
    charges.push({
      name: `t:${hash(essenceOf(message.text), TEXT_HASH)}`,
      marks: [mark],
      most: limits.sameTextPerMinute,
      operation,
      reason: 'the same text was sent too often',
    });
  }
  const links = limits.linksPerMinute > 0 ? (message.text.match(LINK)?.length ?? 0) : 0;
  if (links > 0) {
    // One more than the limit refuses as well as a hundred more.
    const more = Array.from({ length: Math.min(links - 1, limits.linksPerMinute) }, (_, i) => `${mark}${i}`);
    charges.push({
      name: 'l',
      marks: [mark, ...more],
      most: limits.linksPerMinute,
      operation,
      reason: `more than ${limits.linksPerMinute} links were sent within a minute`,
    });
  }
  return charges;
}

/** What joining a room counts for. */
export function chargesOfJoin(limits: SpamLimits, join: Counted, operation: string): Charge[] {
  if (limits.joinsPerMinute === 0) return [];
  return [
    {
      name: 'j',
      marks: [markOf(join)],
      most: limits.joinsPerMinute,
      operation,
      reason: 'too many rooms were joined',
    },
  ];
}

function markOf({ room, id }: Counted): string {
  return hash(`${room}#${id}`, ID_HASH);
}

/** What two texts share that a reader takes for the same: neither case, width nor blanks tell them apart. */
function essenceOf(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s\p{Cf}]+/gu, '');
}

function hash(text: string, characters: number): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, characters);
}
