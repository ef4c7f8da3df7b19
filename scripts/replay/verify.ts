import type { StoredMessage } from './service.ts';

/** What somebody said, and the number that the service acknowledged it with. */
export interface Said {
  /** Line of the record, for people. */
  readonly where: string;
  readonly user: string;
  readonly text: string;
  readonly seq: number;
}

/** A message as an observer heard it, in the order of hearing, repeats included. */
export interface Heard {
  readonly seq: number;
  readonly user: string;
  readonly text: string;
}

export interface Observation {
  readonly observer: string;
  readonly heard: readonly Heard[];
}

export interface Verdict {
  /** What is wrong, one line each; empty when everything matches. At most one line a check and observer. */
  readonly differences: readonly string[];
  /** Events that an observer heard again under the same number, which P4 (at least once) allows. */
  readonly repeats: number;
}

/** Characters of a text that the first difference shows. */
const SHOWN = 60;

/**
 * Compares what was said, what the room's history has, and what each observer heard: count, order and text.
 * Pure. `log` ascends by `seq`.
 */
export function verify(
  said: readonly Said[],
  log: readonly StoredMessage[],
  observations: readonly Observation[],
): Verdict {
  const differences = [...compareWithLog(said, log)];
  let repeats = 0;
  for (const { observer, heard } of observations) {
    const firsts = withoutRepeats(heard);
    repeats += heard.length - firsts.length;
    const difference = compareHeard(firsts, log);
    if (difference !== undefined) differences.push(`${observer}: ${difference}`);
  }
  return { differences, repeats };
}

function* compareWithLog(said: readonly Said[], log: readonly StoredMessage[]): Generator<string> {
  if (said.length !== log.length) yield `said ${said.length} messages, history has ${log.length}`;
  const misnumbered = log.findIndex(({ n }, index) => n !== index + 1);
  if (misnumbered >= 0) {
    yield `history: message ${misnumbered + 1} is numbered n=${log[misnumbered]?.n} (seq ${log[misnumbered]?.seq})`;
  }
  const bySeq = new Map(log.map((message) => [message.seq, message]));
  for (const { where, user, text, seq } of said) {
    const stored = bySeq.get(seq);
    if (stored?.user === user && stored.text === text) continue;
    yield `${where}: ${user} was acknowledged seq ${seq}, where history has ${show(stored)} instead of ${show({ user, text })}`;
    break;
  }
  const last = new Map<string, Said>();
  for (const one of said) {
    const before = last.get(one.user);
    if (before !== undefined && before.seq >= one.seq) {
      yield `${one.where}: ${one.user} said it after ${before.where}, but seq ${one.seq} comes before seq ${before.seq}`;
      break;
    }
    last.set(one.user, one);
  }
}

function compareHeard(heard: readonly Heard[], log: readonly StoredMessage[]): string | undefined {
  for (let i = 0; i < Math.max(heard.length, log.length); i++) {
    const got = heard[i];
    const expected = log[i];
    if (got?.seq === expected?.seq && got?.user === expected?.user && got?.text === expected?.text) continue;
    const count = heard.length === log.length ? '' : ` (heard ${heard.length} of ${log.length})`;
    return `message ${i + 1}${count}: heard seq ${got?.seq} ${show(got)}, history has seq ${expected?.seq} ${show(expected)}`;
  }
  return undefined;
}

function withoutRepeats(heard: readonly Heard[]): Heard[] {
  const seen = new Set<number>();
  return heard.filter(({ seq }) => !seen.has(seq) && seen.add(seq));
}

function show(message: { readonly user: string; readonly text: string } | undefined): string {
  if (message === undefined) return 'nothing';
  const text = message.text.length > SHOWN ? `${message.text.slice(0, SHOWN)}…` : message.text;
  return `${message.user}: ${JSON.stringify(text)}`;
}
