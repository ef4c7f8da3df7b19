import { isDeepStrictEqual } from 'node:util';
import type { RoomEvent } from '../helper/wire.ts';
import { checkCounters } from './check-counters.ts';
import { checkDelivery } from './check-delivery.ts';
import { checkMarks } from './check-marks.ts';
import { checkMembers } from './check-members.ts';
import { checkMentions } from './check-mentions.ts';
import { checkProjections } from './check-projections.ts';
import { checkResume } from './check-resume.ts';
import { checkRevocation, loggedOut, wasBanned } from './check-revocation.ts';
import { type Facts, factsOf } from './facts.ts';
import type { Command, History, Violation } from './history.ts';

/** Every place where a run broke a promise. Empty: P1 to P6 and P9 held on every event. */
export function check(history: History): Violation[] {
  const facts = factsOf(history);
  return [
    ...checkOrder(facts),
    ...checkDurability(facts),
    ...checkOnce(facts),
    ...checkDelivery(facts),
    ...checkResume(facts),
    ...checkMembers(facts),
    ...checkRevocation(facts),
    ...checkProjections(history),
    ...checkMarks(facts),
    ...checkMentions(facts),
    ...checkCounters(facts),
    ...(history.calm ? checkCalm(facts) : checkNoisy(facts)),
  ];
}

/** P1: the log is 1, 2, 3, …, messages are counted, and everybody saw what it says. */
function checkOrder({ history, connections, syncs }: Facts): Violation[] {
  const violations: Violation[] = [];
  const say = (what: string): number => violations.push({ promise: 'P1', what });
  for (const [room, log] of history.logs) {
    let messages = 0;
    for (const [index, event] of log.entries()) {
      if (event.seq !== index + 1) say(`${room} has ${event.seq} in the place of ${index + 1}`);
      if (event.type === 'message.created' && event.n !== ++messages)
        say(`${room}/${event.seq} is message ${messages}, and says ${event.n}`);
    }
  }
  const compare = (who: string, room: string, event: RoomEvent): void => {
    const stored = history.logs.get(room)?.[event.seq - 1];
    if (stored && isSame(stored, event)) return;
    say(
      `${who} saw ${room}/${event.seq} as ${JSON.stringify(event)}, the log says ${JSON.stringify(stored)}`,
    );
  };
  for (const [id, { heard, user }] of connections) {
    for (const [room, events] of heard) {
      for (const { event } of events) compare(`connection ${id} of ${user}`, room, event);
    }
  }
  for (const { user, answer } of syncs.values()) {
    for (const { room, events } of answer?.rooms ?? []) {
      for (const event of events) compare(`a sync of ${user}`, room, event);
    }
  }
  for (const occurrence of history.occurrences) {
    if (occurrence.kind !== 'page read') continue;
    const asked = history.occurrences.find(
      (other) => other.kind === 'page asked' && other.page === occurrence.page,
    );
    if (asked?.kind !== 'page asked') continue;
    for (const message of occurrence.messages) {
      const { seq, type, user, at, id, n, thread } = message;
      const stored = history.logs.get(asked.room)?.[seq - 1];
      // What became of it since is another check's matter.
      const same = stored && isDeepStrictEqual([seq, type, user, at, id, n, thread], identity(stored));
      if (!same) say(`a page of history for ${asked.user} shows ${asked.room}/${seq} as another message`);
    }
  }
  return violations;
}

function identity({ seq, type, user, at, id, n, thread }: RoomEvent): unknown[] {
  return [seq, type, user, at, id, n, thread];
}

/** Whether an event was seen as the log has it in the end: a deletion takes the text and whom it mentions out of what was told before. */
function isSame(stored: RoomEvent, event: RoomEvent): boolean {
  if (!stored.deleted || event.deleted) return isDeepStrictEqual(stored, event);
  return isDeepStrictEqual(withoutWords(stored), withoutWords(event));
}

function withoutWords({ text: _, deleted: __, mentions: ___, everyone: ____, ...rest }: RoomEvent): object {
  return rest;
}

/** P2 and P7: what was acknowledged is in the log as it was meant, and nothing else is in it. */
function checkDurability({ history, attempts }: Facts): Violation[] {
  const violations: Violation[] = [];
  const meant = new Map<string, { text: string | undefined }[]>();
  for (const { user, command, outcome } of attempts.values()) {
    const { room, id, action, text } = command;
    const key = `${room} ${user} ${id}`;
    meant.set(key, [...(meant.get(key) ?? []), { text }]);
    if (!outcome || !('seq' in outcome)) continue;
    const event = history.logs.get(room)?.[outcome.seq - 1];
    const kept =
      event !== undefined &&
      event.at === outcome.at &&
      (action === 'joinRoom' ? isJoining(event, user) : event.user === user && event.id === id);
    // Who has reacted so, or pinned it, is answered with the event that did.
    const before =
      command.target !== undefined && event?.type === MADE[action] && event?.target === command.target;
    // Who is to be what it is already makes no event: the answer is one about it.
    const asBefore =
      command.member !== undefined && event?.at === outcome.at && isAbout(event, command.member);
    if (!kept && !asBefore && !before) {
      const what = `${action} ${id} of ${user} was acknowledged as ${room}/${outcome.seq} at ${outcome.at}`;
      violations.push({ promise: 'P2', what: `${what}, where the log has ${JSON.stringify(event)}` });
    }
  }
  for (const [room, log] of history.logs) {
    for (const event of log) {
      const sources = meant.get(`${room} ${event.user} ${event.id}`);
      if (sources?.some(({ text }) => text === event.text || event.deleted)) continue;
      if (event.type === 'room.created') continue;
      violations.push({
        promise: 'P7',
        what: `nobody asked for ${room}/${event.seq} ${JSON.stringify(event)}`,
      });
    }
  }
  return violations;
}

const MADE: Partial<Record<Command['action'], string>> = {
  addReaction: 'reaction.added',
  pinMessage: 'message.pinned',
};

/** Who is a member already is answered with the event that made it one, whoever did, whatever its id. */
function isJoining(event: RoomEvent, user: string): boolean {
  return (
    (event.type === 'room.created' && event.user === user) ||
    (event.type === 'member.joined' && event.member === user)
  );
}

function isAbout(event: RoomEvent, member: string): boolean {
  return event.member === member || (event.type === 'room.created' && event.user === member);
}

/** P3: one event for an id, one number for all its replies. */
function checkOnce({ history, attempts }: Facts): Violation[] {
  const violations: Violation[] = [];
  for (const [room, log] of history.logs) {
    const first = new Map<string, number>();
    for (const { seq, user, id } of log) {
      if (id === undefined) continue;
      const before = first.get(`${user} ${id}`);
      if (before === undefined) first.set(`${user} ${id}`, seq);
      else violations.push({ promise: 'P3', what: `${room}/${seq} is ${id} of ${user}, as ${before} was` });
    }
  }
  const numbers = new Map<string, number>();
  for (const { user, command, outcome } of attempts.values()) {
    if (!outcome || !('seq' in outcome)) continue;
    const key = `${command.action} ${command.id} of ${user} in ${command.room}`;
    const before = numbers.get(key) ?? outcome.seq;
    numbers.set(key, before);
    if (before !== outcome.seq) {
      violations.push({ promise: 'P3', what: `${key} was answered with ${before} and with ${outcome.seq}` });
    }
  }
  return violations;
}

/** Where nothing is broken on purpose, nothing breaks: no command fails but by its own fault, no connection is lost. */
function checkCalm(facts: Facts): Violation[] {
  const { attempts, connections } = facts;
  const ended = loggedOut(facts);
  const violations: Violation[] = [];
  for (const { user, command, outcome } of attempts.values()) {
    if (!outcome || !('code' in outcome) || outcome.code === 'forbidden' || isNoMember(command, outcome.code))
      continue;
    const what = `${command.action} ${command.id} of ${user} was refused with ${outcome.code}`;
    violations.push({ promise: 'P8', what });
  }
  for (const [id, connection] of connections) {
    const { user, closed } = connection;
    if (closed?.by !== 'service' || ended.has(id) || wasBanned(facts, connection)) continue;
    violations.push({ promise: 'P4', what: `connection ${id} of ${user} was closed with ${closed.code}` });
  }
  return violations;
}

/**
 * Whether who was to be removed or muted was no member, or whose ban was to be lifted was not banned; or the message was deleted
 * meanwhile, or is a reply itself.
 */
function isNoMember({ action, target, thread }: Command, code: string): boolean {
  if (target !== undefined || thread !== undefined) return code === 'not_found' || code === 'bad_request';
  const needsOne = action === 'removeMember' || action === 'muteMember' || action === 'unbanMember';
  return needsOne && code === 'not_found';
}

/** Codes that a good command may be refused with where things are made to go wrong. */
const EXCUSED = new Set(['forbidden', 'unavailable', 'rate_limited']);

/** P8: whatever goes wrong, a command is refused in a way that a client can act upon. */
function checkNoisy({ attempts }: Facts): Violation[] {
  const violations: Violation[] = [];
  for (const { user, command, outcome } of attempts.values()) {
    if (!outcome || !('code' in outcome) || EXCUSED.has(outcome.code)) continue;
    if (isNoMember(command, outcome.code)) continue;
    const what = `${command.action} ${command.id} of ${user} was refused with ${outcome.code}`;
    violations.push({ promise: 'P8', what });
  }
  return violations;
}
