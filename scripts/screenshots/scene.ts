/** A harbour and the people who work there: what the pictures show. */
import { WebSocket } from 'ws';
import { paintHarbour } from './small-png.ts';

export interface Scene {
  /** Who looks. */
  readonly user: string;
  readonly password: string;
  /** The room that is shown, by its name. */
  readonly room: string;
  /** Lets everybody go. */
  end(): void;
}

const PASSWORD = 'harbour lights';
const PEOPLE = {
  mara: 'Mara Lindqvist',
  jonas: 'Jonas Beck',
  amina: 'Amina Okafor',
  theo: 'Theo Park',
} as const;
type Name = keyof typeof PEOPLE;

const ROOMS = [
  { room: 'harbour', name: 'Harbour', topic: 'Tides, berths, and who has the keys', by: 'mara' },
  { room: 'lighthouse', name: 'Lighthouse', topic: 'It has to shine', by: 'jonas' },
  { room: 'workshop', name: 'Workshop', topic: '', by: 'theo' },
] as const satisfies readonly { room: string; name: string; topic: string; by: Name }[];

/** A person's calls of the API. */
type Call = (method: string, path: string, body?: object) => Promise<Record<string, unknown>>;

/** @param http base address of a service that nobody uses yet */
export async function playScene(http: string): Promise<Scene> {
  const calls = {} as Record<Name, Call>;
  const sockets: WebSocket[] = [];
  for (const [username, displayName] of Object.entries(PEOPLE) as [Name, string][]) {
    const answer = await caller(http)('POST', '/auth/register', {
      username,
      displayName,
      password: PASSWORD,
    });
    const token = String(answer.accessToken);
    calls[username] = caller(http, token);
    // Theo is out.
    if (username === 'mara' || username === 'theo') continue;
    const headers = { authorization: `Bearer ${token}` };
    sockets.push(new WebSocket(`${http.replace('http', 'ws')}/ws`, { headers }));
  }
  for (const { room, name, topic, by } of ROOMS) {
    await calls[by]('POST', '/rooms', { room, name, kind: 'public', ...(topic && { topic }) });
    for (const user of Object.keys(PEOPLE) as Name[])
      if (user !== by) await calls[user]('POST', `/rooms/${room}/join`, {});
  }
  await talk(calls);
  return {
    user: 'mara',
    password: PASSWORD,
    room: 'Harbour',
    end() {
      for (const socket of sockets) socket.terminate();
    },
  };
}

async function talk(calls: Record<Name, Call>): Promise<void> {
  const at = '/rooms/harbour/messages';
  const say = async (who: Name, text: string, more: object = {}) =>
    Number((await calls[who]('POST', at, { text, ...more })).seq);
  const like = (who: Name, seq: number, emoji: string) =>
    calls[who]('PUT', `${at}/${seq}/reactions/${encodeURIComponent(emoji)}`);
  await say('jonas', 'Morning, all. High tide is at **10:42** today, so the Albatross goes out first.');
  const table = await say('amina', 'The new tide table is up: https://tides.example.org/2026');
  await like('mara', table, '🙏');
  await like('jonas', table, '🙏');
  await calls.mara('PUT', `${at}/${table}/pin`);
  const lamp = await say(
    'theo',
    'The lamp flickers when the wind turns west. Has anyone looked at the relay?',
  );
  await say('jonas', 'I did last week: `relay.hold` was set to 20 ms.', { thread: lamp });
  await say('mara', 'That is far too short. Try 200 and see whether it still does.', { thread: lamp });
  await say('theo', 'Steady as a rock now. Thank you!', { thread: lamp });
  await like('amina', lamp, '💡');
  await say('mara', 'This is what it looked like from the pier last night:');
  await picture(calls.mara);
  const answer = await say('amina', 'Beautiful. @mara may I put that on the notice board?');
  await like('theo', answer, '❤️');
  await like('jonas', answer, '❤️');
  await say('mara', 'Of course! The tide was just turning.');
  await calls.amina('POST', '/rooms/lighthouse/messages', { text: 'The lens is clean again.' });
  await calls.theo('POST', '/rooms/workshop/messages', { text: '@mara the winch is ready to be picked up.' });
  const direct = await calls.jonas('POST', '/direct', { user: 'mara' });
  await calls.jonas('POST', `/rooms/${direct.room}/messages`, { text: 'Lunch at the pier?' });
}

async function picture(call: Call): Promise<void> {
  const bytes = Buffer.from(paintHarbour(640, 400));
  const about = { name: 'evening.png', size: bytes.length, contentType: 'image/png' };
  const { file, upload } = (await call('POST', '/rooms/harbour/files', about)) as {
    file: string;
    upload: { url: string; fields: Record<string, string> };
  };
  const form = new FormData();
  for (const [name, value] of Object.entries(upload.fields)) form.set(name, value);
  form.set('file', new Blob([bytes]));
  await fetch(upload.url, { method: 'POST', body: form });
  // It is looked at before it can be sent.
  for (let tries = 0; ; tries++) {
    try {
      await call('POST', '/rooms/harbour/messages', { text: 'evening.png', attachments: [file] });
      return;
    } catch (error) {
      if (tries === 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

function caller(http: string, token?: string): Call {
  return async (method, path, body) => {
    const response = await fetch(`${http}/api${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok)
      throw new Error(`unable to play the scene; ${method} ${path}: ${response.status} ${text}`);
    return text ? JSON.parse(text) : {};
  };
}
