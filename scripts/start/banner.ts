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
 * @param at.gateways where the service answers, one at least.
 * @param at.aws where the AWS services answer that it runs on.
 * @param at.page whether the web app is there, too.
 * @param seconds how long it took from the command to here.
 * @returns the text, ready to print.
 */
export function banner(
  { gateways, aws, page }: { gateways: readonly Addresses[]; aws: string; page: boolean },
  users: readonly DemoUser[],
  seconds: number,
): string {
  const lines = ['', `Parley is ready after ${seconds.toFixed(1)} s.`, ''];
  if (page) lines.push(...gateways.map(({ http }) => `  open ${http}/`), '', ...whoToBe(users), '');
  for (const { http, websocket } of gateways)
    lines.push(`  HTTP       ${http}/api`, `  WebSocket  ${websocket}`, `  Try them   ${http}/api/docs`, '');
  lines.push(`  AWS        ${aws}`, '');
  if (users.length > 0) lines.push(...demoLines(gateways, users));
  lines.push('Ctrl-C ends everything.');
  return lines.join('\n');
}

/** People to log in as on the page. */
function whoToBe(users: readonly DemoUser[]): string[] {
  if (users.length === 0) return [];
  const names = users.map(({ user }) => user).join(' and ');
  return [`  Be ${names} in two windows (a private one, too): their password is ${DEMO_PASSWORD}.`];
}

/** The lines to paste, which are good for as long as their tokens. */
export function demoLines(gateways: readonly Addresses[], users: readonly DemoUser[]): string[] {
  // Each user at a gateway of its own, as far as there are any.
  const pasted = users.flatMap((user, index) => {
    const websocket = gateways[index % gateways.length]?.websocket ?? '';
    return [`# ${user.user}`, wscatLine(websocket, user), ''];
  });
  return [
    'Or paste each of these into a terminal of its own:',
    '',
    ...pasted,
    'and say something:',
    '',
    `{"action":"sendMessage","room":"${DEMO_ROOM}","text":"hello"}`,
    '',
    'The tokens in them are good for 15 minutes; Enter prints fresh ones.',
  ];
}
