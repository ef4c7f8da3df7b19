/** What `npm start` prints when everything is ready. */
import { DEMO_PASSWORD, DEMO_ROOM, type DemoUser } from './demo.ts';

export interface Addresses {
  readonly http: string;
  readonly websocket: string;
}

/** One line to paste into a terminal: it opens the socket as that user. */
export function wscatLine(websocket: string, user: DemoUser): string {
  return `npx wscat -c ${websocket} -H "Authorization: Bearer ${user.accessToken}"`;
}

/**
 * @param seconds how long it took from the command to here.
 * @returns the text, ready to print.
 */
export function banner(addresses: Addresses, users: readonly DemoUser[], seconds: number): string {
  const lines = [
    '',
    `Parley is ready after ${seconds.toFixed(1)} s.`,
    '',
    `  HTTP       ${addresses.http}/api`,
    `  WebSocket  ${addresses.websocket}`,
    '',
  ];
  if (users.length > 0) lines.push(...demoLines(addresses, users));
  lines.push('Ctrl-C ends everything.');
  return lines.join('\n');
}

/** The lines to paste, which are good for as long as their tokens. */
export function demoLines(addresses: Addresses, users: readonly DemoUser[]): string[] {
  const pasted = users.flatMap((user) => [`# ${user.user}`, wscatLine(addresses.websocket, user), '']);
  return [
    `Paste each of these into a terminal of its own (password of both: ${DEMO_PASSWORD}):`,
    '',
    ...pasted,
    'and say something:',
    '',
    `{"action":"sendMessage","room":"${DEMO_ROOM}","text":"hello"}`,
    '',
    'The tokens in them are good for 15 minutes; Enter prints fresh ones.',
  ];
}
