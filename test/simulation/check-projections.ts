import { isDeepStrictEqual } from 'node:util';
import { FoldedLog } from '../helper/fold-log.ts';
import type { History, Violation } from './history.ts';

/** P5: what the service derives from a log is what the log says, folded anew by who knows nothing of its code. */
export function checkProjections({ logs, shown }: History): Violation[] {
  const violations: Violation[] = [];
  for (const [room, { messages, pins }] of shown?.rooms ?? []) {
    const folded = new FoldedLog(logs.get(room) ?? []);
    const expected = folded.messages(shown?.viewer ?? '');
    const say = (what: string): number => violations.push({ promise: 'P5', what: `${room} shows ${what}` });
    if (messages.length !== expected.length) say(`${messages.length} messages, its log ${expected.length}`);
    for (const [index, message] of messages.entries()) {
      if (isDeepStrictEqual(message, expected[index])) continue;
      say(`${JSON.stringify(message)}, its log says ${JSON.stringify(expected[index])}`);
    }
    if (pins.join() !== folded.pins().join()) say(`the pins ${pins}, its log says ${folded.pins()}`);
  }
  return violations;
}
