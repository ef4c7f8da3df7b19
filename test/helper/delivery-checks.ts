/** What P4 and P6 say about the posts of one room, checked against its log. */
import type { Committed } from '../../shared/data/events.ts';
import type { UserId } from '../../shared/protocol/ids.ts';

export interface Socket {
  readonly connection: string;
  readonly user: UserId;
  /** How many events were committed when it opened; undefined: it never did. */
  openAfter: number | undefined;
  closed: boolean;
}

/** An event that a connection was sent, in the order of sending. */
export interface Post {
  readonly connection: string;
  readonly seq: number;
}

/** A membership: the number of the event that began it, and of the one that ended it. */
interface Stay {
  readonly from: number;
  readonly to: number;
}

/** @returns a sentence for everything that breaks a promise. */
export function checkPosts(
  committed: readonly Committed[],
  sockets: readonly Socket[],
  posts: readonly Post[],
): string[] {
  const last = committed.at(-1)?.event.seq ?? 0;
  return sockets.flatMap((socket) => {
    const heard = posts.filter(({ connection }) => connection === socket.connection).map(({ seq }) => seq);
    const stays = staysOf(committed, socket.user);
    return [
      ...heard
        .filter((seq) => !stayOf(stays, seq))
        .map((seq) => `P6: ${socket.connection} heard ${seq}, no member`),
      ...gaps(socket, heard, stays),
      ...missing(socket, heard, stays, last),
    ];
  });
}

function staysOf(committed: readonly Committed[], user: UserId): Stay[] {
  const stays: Stay[] = [];
  let from: number | undefined;
  for (const { event } of committed) {
    const member = event.type === 'room.created' ? event.user : 'member' in event ? event.member : undefined;
    if (member !== user) continue;
    if (event.type === 'room.created' || event.type === 'member.joined') from = event.seq;
    else if (from !== undefined) {
      stays.push({ from, to: event.seq });
      from = undefined;
    }
  }
  if (from !== undefined) stays.push({ from, to: Number.POSITIVE_INFINITY });
  return stays;
}

/** The membership in which an event lies; the event that ends it is not the former member's to hear. */
function stayOf(stays: readonly Stay[], seq: number): Stay | undefined {
  return stays.find(({ from, to }) => from <= seq && seq < to);
}

/** P4: within a membership no number is heard before the one ahead of it, from the first that was heard on. */
function gaps({ connection }: Socket, heard: readonly number[], stays: readonly Stay[]): string[] {
  return stays.flatMap((stay) => {
    const found: string[] = [];
    let highest: number | undefined;
    for (const seq of heard.filter((one) => stayOf([stay], one))) {
      if (highest !== undefined && seq > highest + 1)
        found.push(`P4: ${connection} heard ${seq} after ${highest}`);
      highest = Math.max(highest ?? 0, seq);
    }
    return found;
  });
}

/** P4: who was connected before a membership began hears it from its beginning, and who still is a member hears the last event. */
function missing(socket: Socket, heard: readonly number[], stays: readonly Stay[], last: number): string[] {
  const { connection, openAfter, closed } = socket;
  if (openAfter === undefined) return [];
  const found: string[] = [];
  for (const stay of stays) {
    const first = heard.find((seq) => stayOf([stay], seq));
    if (first !== undefined && openAfter < stay.from && first > stay.from) {
      found.push(`P4: ${connection} heard its membership of ${stay.from} from ${first} on`);
    }
    if (!closed && stay.to > last && !heard.includes(last)) {
      found.push(`P4: ${connection} did not hear ${last}, the last one`);
    }
  }
  return found;
}
