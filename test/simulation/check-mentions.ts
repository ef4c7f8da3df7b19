import type { RoomEvent } from '../helper/wire.ts';
import { toldOf, usersOf } from './check-counters.ts';
import type { Facts } from './facts.ts';
import type { Violation } from './history.ts';

/** P7: a message mentions the members whom its text names, and the room where its owner calls it; nobody else. */
export function checkMentions(facts: Facts): Violation[] {
  const violations: Violation[] = [];
  for (const [room, log] of facts.history.logs) {
    const owner = log[0]?.user;
    const told = toldOf(facts, room);
    for (const event of log) {
      if (event.type !== 'message.created') continue;
      const said = event.deleted ? told.get(event.seq) : event;
      const meant = meantBy(facts, room, event);
      if (!said || !meant) continue;
      const say = (what: string): number =>
        violations.push({
          promise: 'P7',
          what: `${room}/${event.seq}, ${JSON.stringify(meant.text)}, ${what}`,
        });
      const names = meant.text.split(' ').flatMap((word) => (word.startsWith('@') ? [word.slice(1)] : []));
      const isCall = names.includes('room') && event.user === owner;
      if ((said.everyone ?? false) !== isCall) say(`mentions the room: ${said.everyone}`);
      for (const user of usersOf(facts)) {
        const place = { room, user, from: meant.asked, to: facts.latest(room, event.seq) };
        const expected = names.includes(user) && user !== event.user ? isMember(facts, place) : false;
        const isMentioned = said.mentions?.includes(user) ?? false;
        if (expected !== undefined && isMentioned !== expected) say(`mentions ${user}: ${isMentioned}`);
      }
    }
  }
  return violations;
}

/** What its author wanted to say, and when it did first: an edit changes nothing about whom a message mentions. */
function meantBy(
  { attempts }: Facts,
  room: string,
  { user, id }: RoomEvent,
): { readonly text: string; readonly asked: number } | undefined {
  for (const { user: author, command, asked } of attempts.values()) {
    const isIt = author === user && command.room === room && command.id === id;
    if (isIt && command.text !== undefined) return { text: command.text, asked };
  }
  return undefined;
}

/**
 * Whether somebody could be mentioned all the time between two moments; undefined where that can't be told. A joining or leaving
 * whose author died right after the commit has its effects a moment later, before anyone hears of it.
 */
function isMember(
  facts: Facts,
  place: { readonly room: string; readonly user: string; readonly from: number; readonly to: number },
): boolean | undefined {
  const { room, user, from, to } = place;
  let isOutside = true;
  for (const { from: joined, to: left } of facts.memberships(room, user)) {
    // (A room's creation is answered before a run begins.)
    const wasThere = joined === 1 || facts.told(room, joined) < from;
    if (wasThere && (left === undefined || facts.earliest(room, left) > to)) return true;
    const isOver = left !== undefined && facts.told(room, left) < from;
    if (!isOver && facts.earliest(room, joined) <= to) isOutside = false;
  }
  return isOutside ? false : undefined;
}
