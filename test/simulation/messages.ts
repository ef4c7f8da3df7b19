import { type Account, bodyOf } from '../helper/account.ts';
import { patience, pause } from '../helper/endpoint.ts';
import { FoldedLog } from '../helper/fold-log.ts';
import { readMessages } from '../helper/room.ts';
import type { RoomEvent } from '../helper/wire.ts';
import type { Shown } from './history.ts';
import type { Person } from './person.ts';
import type { Random } from './random.ts';

/** What somebody does to messages, and how often. */
const WEIGHTS = { edit: 4, delete: 2, react: 6, unreact: 2, reply: 4 } as const;
/** What the owner of the rooms does besides. */
const OWNERS = { ...WEIGHTS, pin: 4, unpin: 2 } as const;
const STEPS = { least: 5, most: 12 };
const EMOJI = ['🦊', '👍', ':ok:'];

/** Times the patience: after noise, retries of streams are up to ten seconds apart. */
const NOISY_PATIENCE = 3;

/** Edits, deletes, reacts and replies beside what the devices do, one after the other, over HTTP. */
export async function changeMessages(
  person: Person,
  rooms: readonly string[],
  isOwner: boolean,
  random: Random,
): Promise<void> {
  const steps = random.between(STEPS.least, STEPS.most);
  for (let step = 0; step < steps; step++) {
    await pause(random.between(0, 60));
    const what = isOwner ? random.weighted(OWNERS) : random.weighted(WEIGHTS);
    const room = random.pick(rooms);
    const emoji = random.pick(EMOJI);
    const seen = person.seen.get(room ?? '') ?? [];
    const own = seen.filter(({ user }) => user === person.user);
    const [any, mine] = [random.pick(seen)?.seq, random.pick(own)?.seq];
    if (room === undefined || any === undefined) continue;
    if (what === 'edit' && mine) await person.send(person.change('editMessage', room, mine), 'http');
    if (what === 'delete' && mine) await person.send(person.change('deleteMessage', room, mine), 'http');
    if (what === 'react') await person.send(person.change('addReaction', room, any, emoji), 'http');
    if (what === 'unreact') await person.send(person.change('removeReaction', room, any, emoji), 'http');
    if (what === 'reply') await person.send(person.reply(room, any, random), 'http');
    if (what === 'pin') await person.send(person.change('pinMessage', room, any), 'http');
    if (what === 'unpin') await person.send(person.change('unpinMessage', room, any), 'http');
  }
}

/** What the service shows of rooms to one of their members, once what follows from the logs is there. */
export async function shownTo(
  account: Account,
  logs: ReadonlyMap<string, readonly RoomEvent[]>,
  calm: boolean,
): Promise<{ readonly viewer: string; readonly rooms: ReadonlyMap<string, Shown> }> {
  const deadline = Date.now() + (calm ? 1 : NOISY_PATIENCE) * patience().forWhatMustCome;
  const rooms = new Map<string, Shown>();
  for (const [room, log] of logs) {
    const replies = new FoldedLog(log).messages(account.user).map(({ replyCount }) => replyCount);
    for (;;) {
      rooms.set(room, await look(account, room));
      // All is there at once, but for what a reply's deletion counts back.
      const isThere = rooms.get(room)?.messages.map((one) => (one as { replyCount?: number }).replyCount);
      if (isThere?.join() === replies.join() || Date.now() > deadline) break;
      await pause(50);
    }
  }
  return { viewer: account.user, rooms };
}

async function look(account: Account, room: string): Promise<Shown> {
  const messages = await readMessages(account, room);
  const pinned = await account.call('GET', `/api/rooms/${room}/pins?limit=100`);
  return { messages, pins: bodyOf<{ items: { seq: number }[] }>(pinned, 200).items.map(({ seq }) => seq) };
}
