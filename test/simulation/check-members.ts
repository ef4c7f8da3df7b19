import { bansOf, type Facts } from './facts.ts';
import type { Violation } from './history.ts';

/** P6: only members wrote and read, and no muted ones, and nobody came back from a ban; and the others were let. What is heard is judged with the delivery. */
export function checkMembers(facts: Facts): Violation[] {
  return [
    ...checkLogs(facts),
    ...checkMutes(facts),
    ...checkBans(facts),
    ...checkRefusals(facts),
    ...checkPages(facts),
  ];
}

/** Who wrote was a member at that place in the log. */
function checkLogs(facts: Facts): Violation[] {
  const violations: Violation[] = [];
  for (const [room, log] of facts.history.logs) {
    for (const { seq, type, user } of log) {
      if (type === 'member.joined' || type === 'room.created') continue;
      const spans = facts.memberships(room, user);
      if (spans.some(({ from, to }) => seq > from && seq <= (to ?? seq))) continue;
      violations.push({ promise: 'P6', what: `${user} wrote ${room}/${seq} (${type}), and was no member` });
    }
  }
  return violations;
}

/** Who was muted wrote nothing until its end. */
function checkMutes(facts: Facts): Violation[] {
  const violations: Violation[] = [];
  for (const [room, log] of facts.history.logs) {
    const ends = new Map<string, string>();
    for (const { seq, type, user, at, member, mutedUntil } of log) {
      if (member !== undefined && (type === 'member.updated' || type === 'member.joined')) {
        ends.set(member, mutedUntil ?? '');
      }
      if (type !== 'message.created' || at >= (ends.get(user) ?? '')) continue;
      violations.push({ promise: 'P6', what: `${user} wrote ${room}/${seq}, and was muted` });
    }
  }
  return violations;
}

/** Who is banned does not come back by itself: the ban is lifted, or somebody invites it. */
function checkBans(facts: Facts): Violation[] {
  const violations: Violation[] = [];
  for (const [room, log] of facts.history.logs) {
    for (const { seq, type, user, member } of log) {
      if (type !== 'member.joined' || user !== member) continue;
      if (!bansOf(log.slice(0, seq - 1), user).some(({ to }) => to === undefined)) continue;
      violations.push({ promise: 'P6', what: `${user} joined ${room}/${seq}, and was banned` });
    }
  }
  return violations;
}

/** Whether a user was ever muted in a room: then a refusal may have been for that. */
function wasMuted({ history }: Facts, room: string, user: string): boolean {
  return (history.logs.get(room) ?? []).some(({ member, mutedUntil }) => member === user && mutedUntil);
}

function checkRefusals(facts: Facts): Violation[] {
  const violations: Violation[] = [];
  for (const { user, command, asked, outcome } of facts.attempts.values()) {
    if (!outcome || !('code' in outcome) || outcome.code !== 'forbidden') continue;
    const { action, room, id } = command;
    const wronged =
      action === 'joinRoom'
        ? !facts.mayBeBanned(room, user, asked, outcome.time)
        : facts.standing(room, user, asked, outcome.time) === 'member';
    if (!wronged || (action === 'sendMessage' && wasMuted(facts, room, user))) continue;
    const what = `${action} ${id} of ${user} was forbidden in ${room}, though nothing spoke against it`;
    violations.push({ promise: 'P6', what });
  }
  return violations;
}

function checkPages(facts: Facts): Violation[] {
  const violations: Violation[] = [];
  const asked = new Map<number, { user: string; room: string; time: number }>();
  for (const [time, occurrence] of facts.history.occurrences.entries()) {
    if (occurrence.kind === 'page asked') asked.set(occurrence.page, { ...occurrence, time });
    if (occurrence.kind !== 'page read' && occurrence.kind !== 'page refused') continue;
    const page = asked.get(occurrence.page);
    if (!page) continue;
    const standing = facts.standing(page.room, page.user, page.time, time);
    const wrong = occurrence.kind === 'page read' ? standing === 'stranger' : standing === 'member';
    if (!wrong) continue;
    const what = `${page.user}, ${standing} of ${page.room}, was ${occurrence.kind === 'page read' ? 'shown' : 'refused'} its history`;
    violations.push({ promise: 'P6', what });
  }
  return violations;
}
